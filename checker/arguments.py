"""What the arguments of several verbs look like."""

import os
import re
import sys
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar, cast

import click
from click.core import ParameterSource

from checker import permissions
from checker.instant import instant
from checker.policy.nearest import Known, meant
from checker.remediate.durations import duration
from checker.remediate.rotate.places import REGION, Place, place
from checker.reports.formats import FORMATS, names
from checker.shell.common import Common
from checker.sources.concurrency import CALLS_SIDE_BY_SIDE
from checker.spoken import enumeration

Decorator = Callable[[Callable[..., int]], Callable[..., int]]
T = TypeVar("T")
FILE = click.Path(path_type=Path, dir_okay=False)


class Instant(click.ParamType[datetime]):
    """An ISO 8601 instant; without an offset it is UTC."""

    name = "ISO"

    def convert(self, value: Any, param: Any, ctx: Any) -> datetime:
        try:
            return instant(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class RoleName(click.ParamType[str]):
    """The name of an IAM role, after its path if it has one (IAM API Reference, CreateRole)."""

    name = "text"
    _form = re.compile(r"(?:[!-.0-~]+/)*[\w+=,.@-]{1,64}", re.ASCII)

    def convert(self, value: Any, param: Any, ctx: Any) -> str:
        text = str(value)
        if text.startswith("arn:"):
            name = text.partition(":role/")[2] or permissions.AUDIT_ROLE
            self.fail(f"{text!r} is an ARN: write the name, the same in every account: {name}", param, ctx)
        if text.startswith("/"):
            self.fail(f"{text!r} begins with a slash: write {text.strip('/') or permissions.AUDIT_ROLE}", param, ctx)
        if not self._form.fullmatch(text):
            self.fail(f"{text!r} is not the name of a role: 1 to 64 letters, digits and _+=,.@-", param, ctx)
        return text


class UserName(click.ParamType[str]):
    """The name of an IAM user without its path (IAM API Reference, GetUser), or of root, as reports have it."""

    name = "text"
    _form = re.compile(r"[\w+=,.@-]{1,128}|<root(?:_account)?>", re.ASCII)

    def convert(self, value: Any, param: Any, ctx: Any) -> str:
        text = str(value)
        if not self._form.fullmatch(text):
            what = f"{text!r} is not the name of a user: 1 to 128 letters, digits and _+=,.@-"
            self.fail(f"{what}, without a path or an ARN before it", param, ctx)
        return text


class UserPath(click.ParamType[str]):
    """The path of an IAM user (IAM API Reference, CreateUser)."""

    name = "text"
    _form = re.compile(r"/(?:[!-~]{1,510}/)?")

    def convert(self, value: Any, param: Any, ctx: Any) -> str:
        text = str(value)
        if not self._form.fullmatch(text):
            from checker.policy.yaml.forms import one_path_hint

            hint = one_path_hint(text)
            self.fail(f"a path begins and ends with /, such as /service/{f'; {hint}' if hint else ''}", param, ctx)
        return text


class VerbWithPermissions(click.Choice[str]):
    """A name that `keyage permissions` knows; it is that of a verb, or of what such a verb calls from one account."""

    _of = MappingProxyType(
        {
            "remediate plan": "plan",
            **dict.fromkeys(("remediate apply", "remediate undo", "apply", "undo"), "remediate"),
            "check --organization": "organization",
            "drift --organization": "organization-drift",
            "check --from-aggregator": "aggregate",
            "diff": "check",
            "diff --live": "check",
            "init --from-account": "init",
        }
    )

    def convert(self, value: Any, param: Any, ctx: Any) -> str:
        text = " ".join(str(value).split())
        close = self._of.get(text) or Known(self.choices).closest(text)
        if text not in self.choices and close:
            self.fail(f"{text!r} is none: {meant(close)}", param, ctx)
        return super().convert(text, param, ctx)


class ExternalId(click.ParamType[str]):
    """An external id as AWS STS takes it (AWS STS API Reference, AssumeRole)."""

    name = "text"
    _form = re.compile(r"[\w+=,.@:/-]{2,1224}", re.ASCII)

    def convert(self, value: Any, param: Any, ctx: Any) -> str:
        text = str(value)
        if not self._form.fullmatch(text):
            self.fail("it has to be 2 to 1224 letters, digits and _+=,.@:/-, as in the trust policy", param, ctx)
        return text


class Duration(click.ParamType[timedelta]):
    """A whole number and s, m, h or d."""

    name = "duration"

    def convert(self, value: Any, param: Any, ctx: Any) -> timedelta:
        return _converted(self, duration, value, param, ctx)


class StorePlace(click.ParamType[Place]):
    """Where an access key is stored, such as secretsmanager:prod/ledger."""

    name = "store"

    def convert(self, value: Any, param: Any, ctx: Any) -> Place:
        return _converted(self, place, value, param, ctx)


class SmtpRegion(click.ParamType[str]):
    """A region of Amazon SES."""

    name = "region"

    def convert(self, value: Any, param: Any, ctx: Any) -> str:
        if not REGION.fullmatch(str(value)):
            self.fail(f"{value!r} is no region: write one such as eu-central-1", param, ctx)
        return str(value)


def _converted(kind: click.ParamType[T], convert: Callable[[str], T], value: Any, param: Any, ctx: Any) -> T:
    """What `convert` makes of a text, its ValueError as click's; click hands over what is converted already, too."""
    if not isinstance(value, str):
        return cast("T", value)
    try:
        return convert(value)
    except ValueError as error:
        kind.fail(str(error), param, ctx)


class _Option(click.Option):
    """Its errors name the variable of the environment only where the value came from there."""

    def get_error_hint(self, ctx: click.Context | None) -> str:
        given = ctx.get_parameter_source(self.name) if ctx and self.name else None
        if given is ParameterSource.ENVIRONMENT:
            return super().get_error_hint(ctx)
        return click.Parameter.get_error_hint(self, ctx)


def option(*names: str, **settings: Any) -> Decorator:
    """A click option that the environment can set too: `--warn-days` is KEYAGE_WARN_DAYS."""
    long = next(name for name in names if name.startswith("--"))
    variable = "KEYAGE_" + long.removeprefix("--").replace("-", "_").upper()
    return click.option(*names, cls=_Option, envvar=variable, show_envvar=True, **settings)


def options(*several: Decorator) -> Decorator:
    def decorate(function: Callable[..., int]) -> Callable[..., int]:
        for each in reversed(several):
            function = each(function)
        return function

    return decorate


def formats_of(verb: str) -> Decorator:
    """`--format` with what the verb can write."""
    there = names(verb)
    text = f"{enumeration(there, 'or')}; repeatable, all but one into a FILE."
    return option("--format", "formats", multiple=True, metavar="FMT[=FILE]", default=there[:1], help=text)


def require_with(switch: str, *names: str) -> None:
    """Raises click's usage error if an option was typed that is for `switch` alone."""
    _refuse_typed(names, f"is for {switch}: add it, or leave this out")


def refuse_with(switch: str, *names: str) -> None:
    """Raises click's usage error if an option was typed that says nothing with `switch`."""
    _refuse_typed(names, f"says nothing with {switch}: leave one of them out")


def _refuse_typed(names: Collection[str], why: str) -> None:
    """What the environment says is for every verb that has such an option, so it may be there without a use."""
    context = click.get_current_context()
    for each in context.command.params:
        if each.name in names and context.get_parameter_source(each.name) is ParameterSource.COMMANDLINE:
            raise click.UsageError(f"{each.opts[-1]} {why}")


POLICY = option(
    "--policy", type=FILE, help="The policy; default: policies.yaml here or above, up to the repository root."
)
INVENTORY = option(
    "--inventory", type=FILE, help="What is known of accounts; default: accounts.yaml beside the policy."
)
NOW = option("--now", type=Instant(), help="Judge at this instant instead of the clock's; UTC without an offset.")
QUIET = option("--quiet", is_flag=True, help="No warnings and notes on standard error.")
STRICT = option("--strict", is_flag=True, help="Treat warnings about the policy as errors.")
FROM = option(
    "--from",
    "saved",
    type=FILE,
    help="Saved state instead of live IAM: a snapshot, a credential report or Terraform state.",
)
PROFILE = option("--profile", help="A profile of the AWS configuration.")
CONCURRENCY = option(
    "--concurrency",
    type=click.IntRange(1, 256),
    default=CALLS_SIDE_BY_SIDE,
    show_default=True,
    help="Calls side by side.",
)


def role_name_of(default: str) -> Decorator:
    """`--role-name` of a verb that assumes this role where no other is named."""
    return option("--role-name", type=RoleName(), help=f"The role to assume in each account; default: {default}.")


ROLE_NAME = role_name_of(permissions.AUDIT_ROLE)
EXTERNAL_ID = option("--external-id", type=ExternalId(), help="The external id that the role's trust policy asks for.")
ORGANIZATION = option(
    "--organization", is_flag=True, help="Every active account of the organization, or of the --inventory named."
)
ACCOUNT = option("--account", multiple=True, metavar="ID|NAME|ou=OU", help="Only these accounts; patterns; repeatable.")
STACK_SET = option(
    "--stack-set",
    default=permissions.STACK_SET,
    metavar="NAME",
    help="The StackSet of the organization, where its name has a prefix.",
    show_default=True,
)
DEADLINE = option(
    "--deadline",
    type=click.FloatRange(0, 604800, min_open=True),
    metavar="SECONDS",
    help="Report what is read by then.",
)
USER_TAGS = option("--user-tags", is_flag=True, help="Read the tags and groups of users too.")
SHOW = option(
    "--show",
    type=click.Choice(["findings", "all"]),
    help="What needs attention, or every key; "
    f"{enumeration([each.name for each in FORMATS['check'] if each.lists_all], 'and')} show all.",
)
STAGED = options(
    option("--before", metavar="FILE|git:REV[:PATH]", help="The policy that every account but the first ones keeps."),
    option(
        "--first-account",
        "first_accounts",
        multiple=True,
        metavar="ID",
        help="An account that has a change first; repeatable.",
    ),
)
COLOR = option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", show_default=True)
on_policy = options(POLICY, INVENTORY, NOW, QUIET, STRICT)
on_aws = options(PROFILE, CONCURRENCY)


def common_of(settings: dict[str, Any]) -> Common:
    """Takes the options that every verb on a policy has out of the settings."""
    return Common(**{name: settings.pop(name) for name in Common._fields})


def wants_color(choice: str) -> bool:
    """Whether to print in colours, for the choice that --color is."""
    if choice == "auto":
        return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return choice == "always"


def terminal_width() -> int | None:
    """Columns; None without a terminal, or with one that has no size, where nothing is cut."""
    return (os.get_terminal_size(sys.stdout.fileno()).columns or None) if sys.stdout.isatty() else None
