"""The command line: arguments only. What a verb does is in checker.commands, imported when it is called."""

import io
import os
import sys
from pathlib import Path
from typing import Any

import click

from checker import __version__
from checker.arguments import (
    ACCOUNT,
    COLOR,
    DEADLINE,
    EXTERNAL_ID,
    FILE,
    FROM,
    INVENTORY,
    NOW,
    ORGANIZATION,
    QUIET,
    ROLE_NAME,
    SHOW,
    STACK_SET,
    STAGED,
    UserPath,
    common_of,
    formats_of,
    on_aws,
    on_policy,
    option,
    refuse_with,
    require_with,
    terminal_width,
    wants_color,
)
from checker.cli_prepare import PREPARING
from checker.errors import USAGE_EXIT
from checker.shell.boundary import guarded
from checker.shell.common import say

SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


@click.group(context_settings=SETTINGS)
@click.version_option(__version__, prog_name="keyage")
def keyage() -> None:
    """Access key age as policy: policies.yaml in, exact verdicts on IAM access keys out.

    Exit codes: 0 compliant; 1 non-compliant keys, failing tests or drift; 2 usage or policy error; 3 something could
    not be read; 4 the result could not be written; 70 a bug in keyage; 130 interrupted.
    """


@keyage.command(short_help="Judge access keys against the policy.")
@on_policy
@FROM
@formats_of("check")
@SHOW
@option(
    "--warn-days",
    type=click.IntRange(0, 3650),
    default=14,
    show_default=True,
    help="Show what falls due within N days.",
)
@option("--verbose", is_flag=True, help="For each non-compliant key, how to resolve it.")
@option("--exit-zero", is_flag=True, help="Exit with 0 where it would be 1.")
@ORGANIZATION
@ROLE_NAME
@EXTERNAL_ID
@ACCOUNT
@option("--state", type=FILE, help="Remember keys here, and list only those that can have changed or grown too old.")
@option("--from-aggregator", metavar="NAME", help="What AWS Config says in every account, by its aggregator.")
@option("--terraform-state", multiple=True, type=FILE, help="Terraform state: which keys it manages; repeatable.")
@DEADLINE
@COLOR
@on_aws
def check(*, color: str, saved: Path | None, formats: tuple[str, ...], **settings: Any) -> int:
    """Judge the access keys of the account of the current credentials, of an organization, or of saved state.

    Prints what is non-compliant, worst first, then what is exempt, then what falls due soon.
    """
    from checker.commands import check as verb
    from checker.scan.check_options import Options

    common = common_of(settings)
    colored = wants_color(color)
    return verb.run(Options(common, saved=saved, formats=formats, color=colored, width=terminal_width(), **settings))


@keyage.command(short_help="Check policies.yaml; no AWS, no network.")
@on_policy
@formats_of("validate")
def validate(*, formats: tuple[str, ...], **settings: Any) -> int:
    """Print every problem of the policy and the inventory, each with file, line and column."""
    from checker.commands import validate as verb

    return verb.run(common_of(settings), formats)


@keyage.command(short_help="Why does this limit apply to this user?")
@click.argument("user")
@on_policy
@option("--account", help="Account id or name.")
@option("--path", type=UserPath(), help="The user's IAM path, such as /service/.")
@option("--tag", "tags", multiple=True, metavar="KEY=VALUE", help="A tag of the user; repeatable.")
@option("--no-tags", is_flag=True, help="The user has no tags.")
@option("--group", "groups", multiple=True, metavar="NAME", help="An IAM group of the user; repeatable, give them all.")
@option("--no-groups", is_flag=True, help="The user is in no group.")
@option("--from", "saved", type=FILE, help="Saved state that has the user: a snapshot, a report or Terraform state.")
def explain(user: str, *, saved: Path | None, **settings: Any) -> int:
    """Say which rule decides for USER, what kept earlier rules from matching, and which exemptions apply.

    What is known of the user and the account comes from the options, the inventory and --from.
    """
    from checker.commands import explain as verb

    common = common_of(settings)
    return verb.run(verb.Options(common, user, saved=saved, **settings))


@keyage.command(short_help="Run the policy's tests.")
@option("--tests", "file", type=FILE, help="The tests; default: policies.test.yaml beside the policy.")
@on_policy
@formats_of("test")
@option("--require-coverage", is_flag=True, help="Exit with 1 if no test reaches a rule or an exemption.")
@COLOR
def test(*, color: str, file: Path | None, **settings: Any) -> int:
    """Say for each test of policies.test.yaml whether the policy gives what it expects; no AWS, no network.

    Then which rules and exemptions no test reaches.
    """
    from checker.commands import test as verb

    common = common_of(settings)
    return verb.run(verb.Options(common, file, color=wants_color(color), **settings))


@keyage.command(short_help="What does a policy change do?")
@click.argument("base")
@click.argument("head")
@option("--policy", type=FILE, help="The policy that git:REV without PATH means; default: as for other verbs.")
@INVENTORY
@NOW
@QUIET
@FROM
@option("--live", is_flag=True, help="Judge the account of the current credentials by both.")
@formats_of("diff")
@COLOR
@on_aws
def diff(base: str, head: str, *, color: str, saved: Path | None, **settings: Any) -> int:
    """Say which rules and exemptions differ between BASE and HEAD, what loosens first, and whom it hits.

    BASE and HEAD are files or git:REV[:PATH], with PATH from the root of the repository. With --from or --live:
    which users get another limit, which keys become non-compliant, exempt or compliant.
    """
    from checker.commands import diff as verb
    from checker.shell.revisions import names_no_path

    if not (names_no_path(base) or names_no_path(head)):
        require_with("git:REV without PATH", "policy")
    common = common_of(settings | {"strict": False})
    return verb.run(
        verb.Options(
            common,
            base,
            head,
            saved=saved,
            color=wants_color(color),
            **{name: settings[name] for name in ("live", "formats", "profile", "concurrency")},
        )
    )


@keyage.command(short_help="Write what deploys the policy: Terraform, CloudFormation.")
@option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("build"),
    show_default=True,
    help="The folder to write, or to compare.",
)
@option("--check", is_flag=True, help="Only compare; exit with 1 and a list if the folder differs.")
@STAGED
@option("--cost", is_flag=True, help="Only tell what a month of it costs, with each formula; nothing is written.")
@option("--accounts", type=click.IntRange(1), help="Accounts for --cost; default: those of the inventory.")
@option("--users", type=click.IntRange(0), default=50, show_default=True, help="IAM users of an account for --cost.")
@option(
    "--non-compliant",
    type=click.IntRange(0),
    default=1,
    show_default=True,
    help="Users of an account who are non-compliant in every run, for --cost.",
)
@formats_of("render")
@on_policy
def render(
    *, output: Path, check: bool, cost: bool, before: str | None, first_accounts: tuple[str, ...], **settings: Any
) -> int:
    """Write the AWS Config rule and the remediation as Terraform, CloudFormation and conformance packs.

    The same for every account, from policies.yaml and accounts.yaml alone: the same bytes every time. Files that the
    last render did not write are never changed or removed.
    """
    from checker.commands import render as verb
    from checker.shell.staged import Staged

    common = common_of(settings)
    if not cost:
        require_with("--cost", *settings)
    else:
        refuse_with("--cost", "output", "check")
        if settings["non_compliant"] > settings["users"]:
            counts = "--non-compliant {non_compliant} is more than --users {users}".format(**settings)
            raise click.UsageError(f"{counts}, the users of an account: make it less")
    options = verb.Options(common, output, check=check, staged=Staged(before, first_accounts))
    return verb.run(options, cost_of=verb.CostOptions(**settings) if cost else None)


@keyage.command(short_help="Is what is deployed what the policy says?")
@on_policy
@STAGED
@formats_of("drift")
@ORGANIZATION
@ROLE_NAME
@EXTERNAL_ID
@ACCOUNT
@STACK_SET
@DEADLINE
@on_aws
def drift(*, before: str | None, first_accounts: tuple[str, ...], **settings: Any) -> int:
    """Compare what is deployed in the account of the current credentials, or in an organization, with the policy.

    That is the rule, the policy in its code, functions, roles, the remediation and the schedule. Give what
    was rendered with --before the same options. Exits with 1 on any difference, and with 3 if anything could not be
    read.
    """
    from checker.commands import drift as verb
    from checker.shell.staged import Staged

    common = common_of(settings)
    if not settings["organization"]:
        require_with("--organization", "stack_set")
    return verb.run(verb.Options(common, staged=Staged(before, first_accounts), **settings))


for command in PREPARING:
    keyage.add_command(command)


def main(arguments: list[str] | None = None) -> int:
    """The `keyage` command; returns the exit code."""
    return guarded(lambda: _dispatch(arguments))


def _dispatch(arguments: list[str] | None) -> int:
    """Parse and call; click's own `main` would turn interrupts and broken pipes into codes of its own."""
    if "_KEYAGE_COMPLETE" in os.environ:
        keyage.main(prog_name="keyage")
    given = sys.argv[1:] if arguments is None else arguments
    try:
        with keyage.make_context("keyage", list(given)) as context:
            return int(keyage.invoke(context))
    except click.exceptions.Exit as ended:
        return ended.exit_code
    except click.ClickException as error:
        say(_shown(error))
        return USAGE_EXIT


def _shown(error: click.ClickException) -> list[str]:
    """The lines that click shows; it would print what was typed as it is."""
    if isinstance(error, click.UsageError) and error.ctx is not None:
        error.ctx.color = True  # or click drops what looks like an escape sequence, and nobody sees what was typed
    shown = io.StringIO()
    error.show(shown)
    return shown.getvalue().rstrip("\n").split("\n")
