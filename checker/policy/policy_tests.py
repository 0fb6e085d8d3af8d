"""policies.test.yaml: what a policy must say about accounts and users, and whether it does. Pure but for `load`."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from checker.decision import AccessKey, Account, Exemption, Rule, User, decision, unknown_account
from checker.errors import FileProblems, Problem
from checker.instant import instant
from checker.policy import loader
from checker.policy.explain import telling_tests
from checker.policy.loader import PolicyFile
from checker.policy.nearest import Known, meant
from checker.policy.yaml import check as yaml_check
from checker.policy.yaml import parse as yaml_text

NONE = "none"


class PolicyTest(NamedTuple):
    """One test, as far as its file tells; what it leaves out of an account or user is not known."""

    name: str
    line: int
    account: Account
    user: User
    key: AccessKey
    now: datetime | None  # None: whatever the clock says
    expect: Mapping[str, Any]


class PolicyTests(NamedTuple):
    """The tests of a file, in their order."""

    file: str
    tests: Sequence[PolicyTest]


class Outcome(NamedTuple):
    """What came of a test: nothing in `failures` if it passed; `reached` are the ids that decided."""

    test: PolicyTest
    failures: Sequence[str]
    reached: frozenset[str]


def load(path: Path, inventory: Mapping[str, Account]) -> PolicyTests:
    """The tests of a file, their accounts completed; raises FileProblems with every problem, UsageError."""
    return parse(loader.read(path, "policy tests"), str(path), inventory)


def parse(data: bytes, file: str, inventory: Mapping[str, Account]) -> PolicyTests:
    """The tests in the bytes of a file; raises FileProblems with every problem."""
    document = yaml_text.parse(data, file)
    content, problems = yaml_check.check(document, "tests")
    problems = [*problems, *_wrong(document, content)]
    if problems:
        raise FileProblems(problems)
    everywhere = content.get("now")
    tests = [
        _test(entry, document.line(("tests", number)), everywhere, inventory)
        for number, entry in enumerate(content["tests"])
    ]
    return PolicyTests(file, tests)


def run(policy: PolicyFile, tests: Sequence[PolicyTest], now: datetime) -> list[Outcome]:
    """The outcome of every test; `now` is the instant of those that have none."""
    return [_outcome(policy, test, test.now or now) for test in tests]


def unreached(policy: PolicyFile, outcomes: Sequence[Outcome]) -> list[str]:
    """The ids of the rules, the default and the exemptions that decided in no test, in the order of the policy."""
    reached = frozenset[str]().union(*(outcome.reached for outcome in outcomes))
    entries: list[Rule | Exemption] = [*policy.policy.rules, *policy.policy.exemptions]
    return [entry.id for entry in entries if entry.id not in reached]


def _wrong(document: yaml_text.Document, content: Any) -> Iterator[Problem]:
    """What a schema cannot tell: instants that do not exist, names used twice."""
    listed = content.get("tests") if isinstance(content, dict) else None
    entries = [entry if isinstance(entry, dict) else {} for entry in (listed if isinstance(listed, list) else ())]
    seen: dict[str, int] = {}
    for path, text in [((), content), *((("tests", number), entry) for number, entry in enumerate(entries))]:
        written = text.get("now") if isinstance(text, dict) else None
        if isinstance(written, str) and written[:4].isdigit():
            try:
                instant(written)
            except ValueError as error:
                yield document.problem((*path, "now"), f"now: {error}")
    for number, entry in enumerate(entries):
        name = entry.get("name")
        if isinstance(name, str) and name in seen:
            yield document.problem(("tests", number, "name"), f"name: used twice, first in line {seen[name]}")
        elif isinstance(name, str):
            seen[name] = document.line(("tests", number, "name"))


def _test(entry: dict[str, Any], line: int, everywhere: str | None, inventory: Mapping[str, Account]) -> PolicyTest:
    written = entry.get("now", everywhere)
    user = entry["user"]
    return PolicyTest(
        name=entry["name"],
        line=line,
        account=_account(entry.get("account", {}), inventory),
        user=decision.User(user["name"], user.get("path"), user.get("tags"), groups=user.get("groups")),
        key=decision.AccessKey(entry.get("key"), "Active", datetime.min.replace(tzinfo=UTC)),
        now=instant(written) if written else None,
        expect=entry["expect"],
    )


def _account(attributes: dict[str, Any], inventory: Mapping[str, Account]) -> Account:
    known = inventory.get(attributes.get("id", ""))
    names = ("name", "ou", "tags")
    rest: dict[str, Any] = {name: attributes.get(name, getattr(known, name, None)) for name in names}
    return (decision.Account(attributes["id"]) if "id" in attributes else unknown_account())._replace(**rest)


def _outcome(policy: PolicyFile, test: PolicyTest, now: datetime) -> Outcome:
    resolved = policy.policy.for_account(test.account)
    deciding = resolved.rules_for(test.user)
    if len(deciding) > 1:
        return Outcome(test, [_doubt("rule", deciding, test) + _no_such("rule", test, policy)], frozenset())
    rule = deciding[0]
    actual: dict[str, Any] = {"maxAccessKeyAge": rule.max_age, "rule": rule.id}
    reached = {rule.id}
    failures = []
    exemption, doubtful = resolved.exemption_for(test.user, test.key, now)
    if exemption is not None:
        reached.add(exemption.id)
    if doubtful and "exemption" in test.expect:
        failures.append(_doubt("exemption", doubtful, test) + _no_such("exemption", test, policy))
    else:
        actual["exemption"] = exemption.id if exemption else None
    failures = [_difference(name, test, actual[name], policy) for name in _different(test, actual)] + failures
    return Outcome(test, failures, frozenset(reached))


def _different(test: PolicyTest, actual: Mapping[str, Any]) -> list[str]:
    return [name for name in ("maxAccessKeyAge", "rule", "exemption") if _expects_other(test, name, actual)]


def _expects_other(test: PolicyTest, name: str, actual: Mapping[str, Any]) -> bool:
    return name in test.expect and name in actual and test.expect[name] != actual[name]


def _difference(name: str, test: PolicyTest, actual: Any, policy: PolicyFile) -> str:
    written = policy.written.get(actual) if isinstance(actual, str) else None
    place = f" ({policy.file}:{written.line})" if written else ""
    wanted = test.expect[name]
    found = f"{name}: expected {_shown(wanted)}, found {_shown(actual)}{place}"
    return found + _no_such(name, test, policy)


def _no_such(name: str, test: PolicyTest, policy: PolicyFile) -> str:
    """That the policy lacks the rule or exemption that a test expects, and which may be meant."""
    wanted = test.expect.get(name)
    known = Known(entry.id for entry in (policy.policy.exemptions if name == "exemption" else policy.policy.rules))
    if not isinstance(wanted, str) or wanted in known:
        return ""
    close = known.closest(wanted)
    return f"; the policy has no {name} {wanted}" + (f": {meant(close)}" if close else "")


def _shown(value: Any) -> str:
    return NONE if value is None else str(value)


def _doubt(what: str, candidates: Sequence[Rule | Exemption], test: PolicyTest) -> str:
    """Why it cannot be told, and what the test has to say for it."""
    comparisons = [
        comparison
        for candidate in candidates
        for comparison in telling_tests(candidate.accounts, candidate.users, test.account, test.user)
        if comparison.matched is None
    ]
    why = [f"{comparison.attribute} is not known" for comparison in comparisons]
    why = why or ["the access key id is not known (give the test a key)"]
    ids = ", ".join(candidate.id for candidate in candidates)
    return f"{what}: cannot be told, it may be {ids}: {'; '.join(dict.fromkeys(why))}: add it to the test"
