"""The Lambda functions: their code, the policy in it, and how they are set up."""

import re
from collections.abc import Iterator, Mapping

from checker.compare.drift.difference import Difference, differing
from checker.compare.drift.policy import SHORT, digest, in_words
from checker.generate.bundle import Taken, taken_apart
from checker.generate.deployment import RUNTIME, Deployment
from checker.pieces import PIECES, REMEDIATING
from checker.sources.deployed.parts import Deployed, Function, Unread

CONFIG = "config.amazonaws.com"
RUNTIME_FORM = re.compile(r"python3\.(\d+)")


def pieces(expected: Deployment, deployed: Deployed) -> dict[str, Function | None]:
    """What is there of the functions that the policy wants and that could be read, by piece."""
    wanted = ["evaluation"] if expected.custom and "evaluation" in deployed.functions else []
    wanted += [piece for piece in expected.remediation_pieces if piece in deployed.functions]
    there = {piece: deployed.functions[piece] for piece in wanted}
    return {piece: function for piece, function in there.items() if not isinstance(function, Unread)}


def differences(expected: Deployment, there: Mapping[str, Function | None], account_id: str) -> Iterator[Difference]:
    """Every difference of functions that are there or should be in the account."""
    for piece, function in there.items():
        if function is None:
            yield Difference(_name(expected, piece, None), "nothing", "a function")
        else:
            yield from _settings(_name(expected, piece, function), piece, function)
    deployed = {piece: function for piece, function in there.items() if function is not None}
    yield from _codes(expected, deployed, account_id)


def _name(expected: Deployment, piece: str, function: Function | None) -> str:
    if piece == "evaluation":
        return "Lambda function of the rule"
    return f"Lambda function {function.name if function else expected.name(piece)}"


def _settings(what: str, piece: str, function: Function) -> Iterator[Difference]:
    wanted = PIECES[piece]
    pairs: dict[str, tuple[object, object]] = {
        f"{what}: handler": (function.handler, wanted.handler),
        f"{what}: runtime": (function.runtime, RUNTIME),
        f"{what}: timeout": (function.timeout, wanted.timeout),
    }
    if piece in REMEDIATING:
        pairs[f"{what}: retries"] = (function.retries, 0)
    yield from differing(pairs)
    if function.reserved == 0:
        yield Difference(f"{what}: reserved concurrency", "0, so that it never runs", "none")
    if function.services is not None and CONFIG not in function.services:
        yield Difference(f"{what}: who may invoke it", "not AWS Config", CONFIG)


def _codes(expected: Deployment, there: Mapping[str, Function], account_id: str) -> Iterator[Difference]:
    """Differences of code, one for all functions that have the same."""
    text = (expected.code or "").rstrip()
    wanted = taken_apart(text)
    same: dict[str | None, list[str]] = {}
    for piece, function in there.items():
        if (function.code or "").rstrip() != text:
            same.setdefault(function.code, []).append(_name(expected, piece, function))
    for code, names in same.items():
        yield from _code(", ".join(names), taken_apart(code or ""), wanted, account_id)


def _code(what: str, there: Taken, wanted: Taken, account_id: str) -> Iterator[Difference]:
    if there.policy is None or wanted.policy is None:
        yield Difference(f"{what}: code", "another source", "what `keyage render` writes to lambda/index.py")
        return
    digests = digest(there.policy), digest(wanted.policy)
    if digests[0] != digests[1]:
        old, new = (f"sha256 {each[:SHORT]}" for each in digests)
        yield Difference(f"{what}: policy", old, new, in_words(there.policy, wanted.policy, account_id))
    if there.code != wanted.code:
        yield Difference(f"{what}: code", "another source", "that of this release of keyage")
    elif digests[0] == digests[1]:
        yield Difference(f"{what}: code", "the same in another form", "what `keyage render` writes to lambda/index.py")
