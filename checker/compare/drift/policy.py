"""Which policy is deployed, and what it says otherwise than the policy at hand, as far as words can tell."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

from checker.compare.policies import shown
from checker.decision import BEFORE, FIRST_ACCOUNTS, KINDS, OTHERS, document_for
from checker.generate.deployment import Deployment, policy_file
from checker.spoken import plural

SHOWN = 10  # differences of a policy
SHORT = 12  # characters of a digest, as a person compares them
STAGED = "it was rendered with --before and --first-account: give drift the same options to compare with both policies"
ONE_OF = {"rules": "rule", "exemptions": "exemption"}


class PolicyInUse(NamedTuple):
    """Which policy decides in an account."""

    rule: str  # managed or custom
    max_access_key_age: int | None  # days, of the managed rule
    sha256: str | None  # of policy.json in the deployed code; None: there is no code, or no policy in it

    def __str__(self) -> str:
        age = self.max_access_key_age
        number = "" if age is None else f", {plural(age, 'day')}"
        digest = "" if self.sha256 is None else f", policy {self.sha256[:SHORT]}"
        unknown = ", policy not known" if self.sha256 is None and age is None else ""
        return f"{self.rule} rule{number}{digest}{unknown}"


def digest(document: Mapping[str, Any]) -> str:
    """The digest of a resolved policy, that of policy.json among what `render` writes."""
    return hashlib.sha256(policy_file(dict(document))).hexdigest()


class Known(StrEnum):
    """A policy that is in use, where it is one that is known here."""

    WANTED = "this policy"
    BEFORE = "the policy before"  # alone, while the change of it reaches some accounts first
    NOW = "the new policy"  # alone, likewise


def wanted(expected: Deployment) -> PolicyInUse:
    """The policy at hand, as an account has it that runs it."""
    sha256 = digest(expected.document) if expected.code is not None else None
    return PolicyInUse("custom" if expected.custom else "managed", expected.max_age, sha256)


def in_words(there: Mapping[str, Any], here: Mapping[str, Any], account_id: str) -> list[str]:
    """What differs between the deployed policy and this one in the account, and which of two policies it still has."""
    try:
        running, wanted = document_for(there, account_id), document_for(here, account_id)
        found = [*_which(running, here, account_id), *_differences(running, wanted)]
    except (AttributeError, KeyError, TypeError):  # somebody wrote it by hand
        return ["its form is not that of a policy of keyage"]
    more = [f"and {len(found) - SHOWN} more"] if len(found) > SHOWN else []
    in_two = BEFORE in there or BEFORE in here
    same = "the same rules for this account" if in_two else "the same rules in another form"
    return [*(found[:SHOWN] or [same]), *more, *([STAGED] if BEFORE in there and BEFORE not in here else [])]


def same_in(there: Mapping[str, Any], here: Mapping[str, Any], account_id: str) -> bool:
    """Whether the account has the rules that it is to have, while one of the two is for some accounts first."""
    try:
        running, wanted = document_for(there, account_id), document_for(here, account_id)
        return (BEFORE in there or BEFORE in here) and not any(_differences(running, wanted))
    except (AttributeError, KeyError, TypeError):  # somebody wrote it by hand
        return False


def _which(running: Mapping[str, Any], here: Mapping[str, Any], account_id: str) -> Iterator[str]:
    """Whether the account has the other of two policies, while a change reaches some accounts first."""
    if BEFORE not in here:
        return
    first = account_id in here[FIRST_ACCOUNTS]
    now, before = (document_for(here, each) for each in (*here[FIRST_ACCOUNTS][:1], ""))
    has = [name for name, each in (("new", now), ("old", before)) if not any(_differences(running, each))]
    if has == ["old"] and first:
        yield "it still has the policy before, and is among the first accounts"
    elif has == ["new"] and not first:
        yield "it has the new policy already, and is not among the first accounts"


def _differences(there: Mapping[str, Any], here: Mapping[str, Any]) -> Iterator[str]:
    for name in ("default", "remediation"):
        for difference in _values(there.get(name, {}), here.get(name, {})):
            yield f"{name}: {difference}"
    for kind in KINDS:
        yield from _entries(kind, there, here)


def _values(there: Mapping[str, Any], here: Mapping[str, Any]) -> Iterator[str]:
    for name in dict.fromkeys((*there, *here)):
        deployed, policy = there.get(name), here.get(name)
        if deployed != policy:
            yield f"{name}: deployed {shown(deployed)}, policy {shown(policy)}"


def _entries(kind: str, there: Mapping[str, Any], here: Mapping[str, Any]) -> Iterator[str]:
    before, after = ({entry["id"]: _plain(entry, whole) for entry in whole[kind]} for whole in (there, here))
    for entry_id in dict.fromkeys((*before, *after)):
        what = f"{ONE_OF[kind]} {entry_id}"
        if entry_id not in after:
            yield f"{what}: deployed, not in the policy"
        elif entry_id not in before:
            yield f"{what}: in the policy, not deployed"
        else:
            old, new = before[entry_id], after[entry_id]
            if old.pop("accounts", None) != new.pop("accounts", None):
                yield f"{what}: it is for other accounts"
            for difference in _values(old, new):
                yield f"{what}: {difference}"
    both = [[entry_id for entry_id in ids if entry_id in before and entry_id in after] for ids in (before, after)]
    if both[0] != both[1]:
        yield f"{kind}: they are in another order"


def _plain(entry: Mapping[str, Any], whole: Mapping[str, Any]) -> dict[str, Any]:
    """An entry with the ids of its accounts: how sets are named and cut depends on the other entries."""
    if "accounts" not in entry:
        return dict(entry)
    sets: Mapping[str, Sequence[str]] = whole.get("accountSets", {})
    everywhere = {account for ids in sets.values() for account in ids}
    accounts = {}
    for part, names in entry["accounts"].items():
        ids = {account for name in names if name != OTHERS for account in sets[name]}
        # Where it is for every account that stands in no set, those for which it is not say what it is for.
        accounts[part] = (OTHERS, frozenset(everywhere - ids)) if OTHERS in names else ("", frozenset(ids))
    return {**entry, "accounts": accounts}
