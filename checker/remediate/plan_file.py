"""A plan as a file: read and checked before anything is done by it. Asks AWS nothing."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, NamedTuple

import msgspec

from checker.decision import Account, decision, remediation_steps, selectors
from checker.encoding import read_utf8
from checker.errors import Unreadable, UsageError, printable
from checker.evaluate import SKEW
from checker.members import Repeated, refuse_repeated
from checker.remediate.plan import LASTS, PlannedStep

SCHEMA_VERSION = 1
PLAN_LIVE = "plan from live IAM, with iam:ListUsers allowed"
PLAN_AGAIN = "make a new plan with `keyage remediate plan -o FILE`"
TOO_DEEP = "it is nested too deeply"
ENDS_TOO_SOON = "Input data was truncated"  # what msgspec says of it
# IAM API Reference, GetUser and UpdateAccessKey: what the client or IAM refuses in any other form.
USER_NAME = re.compile(r"[\w+=,.@-]{1,128}", re.ASCII)
KEY_ID = re.compile(r"\w{16,128}", re.ASCII)
Instant = Annotated[datetime, msgspec.Meta(tz=True)]


class OfKey(NamedTuple):
    """Which key of whom a step is about."""

    account: str
    user: str
    user_id: str
    key_id: str


class PlanFile(NamedTuple):
    """A plan that was checked; every step is one that changes something, and says whose key it is about."""

    path: Path
    sha256: str
    planned_at: datetime
    expires_at: datetime
    policy_file: str
    policy_sha256: str
    accounts: dict[str, Account]  # by id: what was known of them
    steps: dict[OfKey, Sequence[PlannedStep]]  # in the order of the file

    @property
    def size(self) -> int:
        """How many steps there are."""
        return sum(map(len, self.steps.values()))

    def account(self, account_id: str) -> Account:
        """What the plan knows of an account."""
        return self.accounts.get(account_id) or decision.Account(account_id)


class _Policy(msgspec.Struct):
    file: str
    sha256: str


class _Account(msgspec.Struct):
    id: str
    name: str | None = None
    ou: str | None = None
    tags: dict[str, str] | None = None


class _Plan(msgspec.Struct, rename="camel"):
    schema_version: int
    planned_at: Instant
    policy: _Policy
    expires_at: Instant
    steps: list[msgspec.Raw]
    accounts: list[_Account] = []


def read(path: Path) -> PlanFile:
    """The plan that `remediate plan` wrote; raises UsageError, with the line, for anything else."""
    try:
        data = read_utf8(path)
    except Unreadable as error:
        raise UsageError(str(error)) from None
    return parse(data, path)


def parse(data: bytes, path: Path) -> PlanFile:
    """The plan in these bytes of a file; raises UsageError, with the line."""
    try:
        plan = msgspec.json.decode(data, type=_Plan)
        refuse_repeated(data, ("accessKeyId", "user"))
    except RecursionError:
        raise UsageError(f"{path}: this is not a plan: {TOO_DEEP}; {PLAN_AGAIN}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, Repeated) as error:
        raise UsageError(f"{path}:{_line_of(error, data)}: this is not a plan: {error}; {PLAN_AGAIN}") from None
    if plan.schema_version != SCHEMA_VERSION:
        version = f"schemaVersion {plan.schema_version} is not known; this keyage reads version {SCHEMA_VERSION}"
        raise UsageError(f"{path}: {version}: {PLAN_AGAIN}")
    steps: dict[OfKey, list[PlannedStep]] = {}
    for line, step in _steps(plan.steps, data, path):
        key = _key_of(step, f"{path}:{line}")
        if any(other.step == step.step for other in steps.get(key, ())):
            raise UsageError(f"{path}:{line}: the step {step.step} of {step.access_key_id} is there twice")
        steps.setdefault(key, []).append(step)
    accounts = {each.id: decision.Account(each.id, each.name, each.ou, each.tags) for each in plan.accounts}
    if len(accounts) < len(plan.accounts):
        twice = Counter(each.id for each in plan.accounts).most_common(1)[0][0]
        raise UsageError(f"{path}: the account {twice} is listed twice: {PLAN_AGAIN}")
    sha256 = hashlib.sha256(data).hexdigest()
    return PlanFile(
        path, sha256, plan.planned_at, plan.expires_at, plan.policy.file, plan.policy.sha256, accounts, dict(steps)
    )


def refuse_stale(plan: PlanFile, policy_file: str, policy_sha256: str, now: datetime) -> None:
    """Raises UsageError for a plan that is too old, is not of this policy, or was made after now."""
    if plan.planned_at > now + SKEW:
        raise UsageError(f"{plan.path} was made at {_minute(plan.planned_at)}, which is yet to come: correct the clock")
    expires = min(plan.expires_at, plan.planned_at + LASTS)
    if now > expires:
        raise UsageError(f"{plan.path} could be applied until {_minute(expires)}: {PLAN_AGAIN}")
    if plan.policy_sha256 != policy_sha256:
        why = f"was made from another policy than {policy_file} is now (then {plan.policy_file})"
        raise UsageError(f"{plan.path} {why}: {PLAN_AGAIN}, or name that policy with --policy")


def refuse_another(plan: PlanFile, journal: Path, plans: Sequence[str]) -> None:
    """Raises UsageError for a journal with lines of another plan; `plans` are the SHA-256 of its lines."""
    for number, sha256 in enumerate(plans, start=1):
        if sha256 != plan.sha256:
            remedy = "apply that plan, or name a new file with --journal"
            raise UsageError(f"{journal}:{number}: this is the journal of another plan than {plan.path}: {remedy}")


def _steps(raws: Sequence[msgspec.Raw], data: bytes, path: Path) -> Iterator[tuple[int, PlannedStep]]:
    """Each step with the line where it begins."""
    place, line = 0, 1
    for raw in raws:
        text = bytes(raw)
        begins = data.index(text, place)
        line += data.count(b"\n", place, begins)
        try:
            yield line, msgspec.json.decode(text, type=PlannedStep)
        except msgspec.DecodeError as error:
            raise UsageError(f"{path}:{line}: this is not a step: {error}; {PLAN_AGAIN}") from None
        place = begins + len(text)
        line += text.count(b"\n")


def _key_of(step: PlannedStep, place: str) -> OfKey:
    """Whose key a step is about; raises UsageError for a step that cannot be carried out."""
    if step.step not in remediation_steps.CHANGES:
        there = ", ".join(sorted(remediation_steps.CHANGES))
        raise UsageError(f"{place}: {step.step} is not a step that changes anything; there are {there}")
    if not (step.account and selectors.is_account_id(step.account)):
        raise UsageError(f"{place}: the account of this step is not known: {PLAN_LIVE}")
    if not (step.user and step.user_id and step.access_key_id):
        raise UsageError(f"{place}: the user, the user's id or the access key of this step is not known: {PLAN_LIVE}")
    key = OfKey(step.account, step.user, step.user_id, step.access_key_id)
    why = why_impossible(key, step.step)
    if why is not None:
        raise UsageError(f"{place}: {why}; {PLAN_AGAIN}")
    return key


def why_impossible(key: OfKey, step: str) -> str | None:
    """Why IAM can have no such user or key, None if it can; a mark to be taken away may name what never was a key."""
    if not USER_NAME.fullmatch(key.user):
        return f"{printable(key.user)} is not the name of a user: 1 to 128 letters, digits and _+=,.@-"
    if step == remediation_steps.UNMARK and key.key_id.isprintable():
        return None
    if not KEY_ID.fullmatch(key.key_id):
        return f"{printable(key.key_id)} is not the id of an access key: 16 to 128 letters, digits and _"
    return None


def _line_of(error: Exception, data: bytes) -> int:
    """The line of what could not be decoded, as far as the message tells it; msgspec counts bytes."""
    if ENDS_TOO_SOON in str(error):
        return data.count(b"\n") + 1
    _, told, byte = str(error).partition("(byte ")
    return data.count(b"\n", 0, int(byte.rstrip(")"))) + 1 if told else 1


def _minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
