"""The verbs that make, save and print what the others work with, and those that act: arguments only."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from checker.arguments import (
    COLOR,
    EXTERNAL_ID,
    FILE,
    FROM,
    INVENTORY,
    NOW,
    POLICY,
    PROFILE,
    QUIET,
    ROLE_NAME,
    STRICT,
    USER_TAGS,
    Duration,
    RoleName,
    SmtpRegion,
    StorePlace,
    UserName,
    VerbWithPermissions,
    common_of,
    formats_of,
    on_aws,
    on_policy,
    option,
    options,
    role_name_of,
    terminal_width,
    wants_color,
)
from checker.permissions import REMEDIATE_ROLE, VERBS
from checker.shell.common import Common

T = TypeVar("T")


@click.command(short_help="Write a first policies.yaml.")
@option(
    "-o",
    "--output",
    type=FILE,
    default=Path("policies.yaml"),
    show_default=True,
    help="The file to write; never over one.",
)
@option("--from-account", is_flag=True, help="Count what some limits would find in the account of the credentials.")
@NOW
@QUIET
@on_aws
def init(**settings: Any) -> int:
    """Write a policy of one number, with comments that say what to try next.

    With --from-account they also say how many keys the account has, how old the oldest is, and how many would be
    non-compliant at 90, 180 and 365 days. Where users could not be read they say so, and the exit code is 3.
    """
    from checker.commands import init as verb

    return verb.run(verb.Options(**settings))


@click.command(short_help="Prowler's mute list as exemptions.")
@click.argument("file", type=FILE)
@option("-o", "--output", type=FILE, help="Where to; never over a file. Default: standard output.")
@QUIET
def import_exemptions(file: Path, *, output: Path | None, quiet: bool) -> int:
    """Write what Prowler's mute list FILE says about the age of keys as exemptions of policies.yaml.

    Who approved each and when it ends is left blank, and `keyage validate` refuses it until it is filled in.
    """
    from checker.commands import import_exemptions as verb

    return verb.run(file, output, quiet=quiet)


@click.command(short_help="Save IAM state for `check --from`.")
@option("-o", "--output", type=FILE, help="Where to; .jsonl writes one account a line. Default: standard output.")
@INVENTORY
@NOW
@QUIET
@USER_TAGS
@on_aws
def snapshot(**settings: Any) -> int:
    """Save users and keys of the account of the current credentials as JSON."""
    from checker.commands import snapshot as verb

    return verb.run(verb.Options(**settings))


@click.command(short_help="Save the organization's accounts to accounts.yaml.")
@option("-o", "--output", type=FILE, default=Path("accounts.yaml"), show_default=True, help="The file to write.")
@option("--check", is_flag=True, help="Only compare; exit with 1 if the file is out of date.")
@QUIET
@PROFILE
def inventory(**settings: Any) -> int:
    """Save id, name, OU and tags of every active account of the organization of the current credentials.

    Sorted by id, so that it merges well. Comments in the file stay where they are; a comment that could not be
    kept is an error, and the file is left as it is.
    """
    from checker.commands import inventory as verb

    return verb.run(verb.Options(**settings))


@click.command(short_help="The JSON Schemas of the files, for editors.")
@click.argument("name", type=click.Choice(["policy", "inventory", "tests"]), default="policy")
def schema(name: str) -> int:
    """Print the JSON Schema (draft-07) of policies.yaml, accounts.yaml or policies.test.yaml."""
    from checker.commands import schema as verb

    return verb.run(name)


@click.command(short_help="Completion for your shell.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> int:
    """Print a script that makes SHELL complete verbs and options.

    For bash: add `eval "$(keyage completion bash)"` to ~/.bashrc; zsh alike; for fish: save it as
    ~/.config/fish/completions/keyage.fish.
    """
    from checker.commands import completion as verb

    return verb.run(shell, click.get_current_context().find_root().command)


@click.command(short_help="The least-privilege IAM policy of a verb.")
@click.argument("verb_name", metavar="[VERB]", type=VerbWithPermissions(VERBS), default="check")
def permissions(verb_name: str) -> int:
    """Print the IAM policy that VERB needs.

    \b
    In the account that is read or changed:
      check                   check, which is the default; diff --live
      drift                   drift
      init                    init --from-account
      snapshot                snapshot
      plan                    remediate plan
      remediate               remediate apply and undo
      rotate                  rotate
    For whoever calls, in place of that; the role that is assumed needs what stands above:
      organization            check and remediate plan with --organization
      organization-drift      drift --organization
      remediate-organization  remediate apply and undo in other accounts
    For whoever reads the organization alone:
      inventory               inventory
      aggregate               check --from-aggregator
    """
    from checker.commands import permissions as verb

    return verb.run(verb_name)


@click.command(short_help="The whole tour, against an embedded AWS.")
@option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    help="A new or empty folder. Default: keyage-demo, or the next that is free, such as keyage-demo-2.",
)
@COLOR
def demo(output: Path | None, color: str) -> int:
    """Check a small organization that lives in this process: no credentials, no network.

    Leaves nothing behind but its output folder, where the policy and the state wait to be played with.
    """
    from checker.commands import demo as verb

    return verb.run(output, color=wants_color(color), width=terminal_width())


@click.group(short_help="Deactivate and delete access keys, by a plan.")
def remediate() -> None:
    """Say what would be done with which access key, do that, and take it back. Nothing is changed by a plan."""


@remediate.command(short_help="What would be done with which access key.")
@on_policy
@FROM
@formats_of("remediate plan")
@option("-o", "--output", type=FILE, help="Write the plan here too, as JSON.")
@option(
    "--stage",
    type=click.Choice(["deactivate", "delete", "all"]),
    default="all",
    show_default=True,
    help="Only what this stage does.",
)
@option("--organization", is_flag=True, help="Every active account of the organization, or of the --inventory named.")
@ROLE_NAME
@EXTERNAL_ID
@option("--account", multiple=True, metavar="ID|NAME|ou=OU", help="Only these accounts; patterns; repeatable.")
@COLOR
@on_aws
def plan(
    *, color: str, saved: Path | None, formats: tuple[str, ...], stage: str, output: Path | None, **settings: Any
) -> int:
    """Say for every access key what is to be done with it now, why, and what comes next; changes nothing.

    It also lists keys that `automatic: false` leaves to a person. Exits with 1 if there is something to do.
    """
    from checker.commands import remediate as verb
    from checker.scan.check_options import Options

    common = common_of(settings)
    reading = Options(
        common, saved=saved, formats=formats, color=wants_color(color), width=terminal_width(), **settings
    )
    return verb.plan(verb.Options(reading, stage, output))


on_changes = options(
    option("--yes", is_flag=True, help="Do not ask; needed where standard input is no terminal."),
    role_name_of(REMEDIATE_ROLE),
    EXTERNAL_ID,
    COLOR,
    QUIET,
    on_aws,
)


@remediate.command(short_help="Do what a plan says, and write a journal of it.")
@click.argument("file", metavar="PLAN", type=FILE)
@option("--journal", type=FILE, required=True, help="Where each change is written down, before and after it is made.")
@option(
    "--max-changes",
    type=click.IntRange(0),
    default=10,
    show_default=True,
    help="Refuse a plan with more steps.",
)
@POLICY
@INVENTORY
@STRICT
@on_changes
def apply(file: Path, *, max_changes: int, **settings: Any) -> int:
    """Carry out PLAN, a file of `remediate plan -o`: each step only if it still is what the policy wants.

    Typed again with the same journal it goes on where it ended, also after a kill. Refuses a plan that is older than a
    day or made from another policy. Exits with 0 if all is done, 1 if something was left because it changed since, 3 if
    something failed.
    """
    from checker.commands import remediate as verb

    return verb.apply(_changing(verb.Changing, settings), file, max_changes)


@remediate.command(short_help="Take back what a journal says was done.")
@click.argument("journal", type=FILE)
@on_changes
def undo(**settings: Any) -> int:
    """Switch on again what JOURNAL says was deactivated, newest first, and take the marks away.

    Only keys that are still inactive, of the same user. What was deleted is listed as gone. Typed again it goes on
    where it ended. Exits with 0 if all is undone, 1 if something is gone or changed since, 3 if something failed.
    """
    from checker.commands import remediate as verb

    return verb.undo(_changing(verb.Changing, settings))


def _changing(made: Callable[..., T], settings: dict[str, Any]) -> T:
    common = common_of({"policy": None, "inventory": None, "strict": False} | settings | {"now": None})
    own = {name: value for name, value in settings.items() if name not in Common._fields}
    color = wants_color(own.pop("color"))
    return made(common, color=color, width=terminal_width(), **own)


@click.command(short_help="A new access key for a user, and the old one retired.")
@click.argument("user", type=UserName())
@option(
    "--to", type=StorePlace(), required=True, metavar="STORE", help="secretsmanager:NAME or ssm:NAME; made if need be."
)
@option("--account", metavar="ID", help="The account; default: that of the credentials. Any other by --role-name.")
@option("--wait", type=Duration(), default="15m", show_default=True, help="Wait so long for uses: 30s, 15m, 4h, 1d.")
@option("--quiet-for", type=Duration(), default="1d", show_default=True, help="Retire a key that was not used so long.")
@option("--rollback", is_flag=True, help="Make the old key the one in use again, as long as it is there.")
@option("--status", is_flag=True, help="Only say where the rotation is; changes nothing.")
@option("--ses-smtp", type=SmtpRegion(), metavar="REGION", help="Store the password of Amazon SES's SMTP there too.")
@option("--terraform-state", multiple=True, type=FILE, help="Terraform state: which keys it manages; repeatable.")
@option("--yes", is_flag=True, help="Do not ask; needed where there is no terminal.")
@option("--role-name", type=RoleName(), help=f"The role to assume in another account; default: {REMEDIATE_ROLE}.")
@EXTERNAL_ID
@POLICY
@INVENTORY
@QUIET
@PROFILE
def rotate(**settings: Any) -> int:
    """Give USER a new access key, store it, and make the old one inactive once nothing uses it.

    Creates the key, stores it, sees that it works, lets readers of the store get it, waits until it is used, and
    retires the old key once it was quiet. Killed or interrupted anywhere, the same command goes on. Exits with 0 when
    the old key is retired, and with 1 when there is something to wait for: type it again. The old key is deleted by
    the policy's remediation, not here.
    """
    from checker.commands import rotate as verb

    common = common_of(settings | {"now": None, "strict": False})
    return verb.run(verb.Options(common, **{name: settings[name] for name in verb.Options._fields[1:]}))


PREPARING = (remediate, rotate, init, import_exemptions, snapshot, inventory, schema, completion, permissions, demo)
