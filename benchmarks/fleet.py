"""A made-up fleet of any size, always the same: a policy with many rules, and a snapshot to judge by it.

Keys are spread over all ages that their limits allow, but none falls due within the fortnight that
`check` warns of, so the number of findings is known beforehand whatever the rules. The first rule is
strict and meets few users, so that no key but a very young one is compliant at first sight.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
USERS = 1_000  # of an account
KEYLESS, TWO_KEYS = 100, 700  # of these users; the others have one key
KEYS = USERS - KEYLESS + TWO_KEYS
INACTIVE = KEYS // 10
TEMPLATES = 16  # accounts of one template differ in ids, account name, OU and the end of every user name
STRICT = 50  # every so many users come under the strict rule
ROLES = ("svc", "batch", "robot", "deploy", "backup")
PATHS = ("/service/", "/batch/", "/people/")
OLDEST_STRICT, OLDEST_COMPLIANT, YOUNGEST_OVERDUE = 15, 75, 200  # days
ACCOUNT, NUMBER = "@ACCOUNT-ID@", "@NR@"  # replaced by the account's


class Written(NamedTuple):
    """What a snapshot file holds."""

    users: int
    keys: int
    overdue: int


def policy_text(rules: int, exemptions: int = 10) -> str:
    """A policy of that many rules, none of which another covers, and exemptions until next year."""
    lines = ["version: 1", "default:", "  maxAccessKeyAge: 90", "rules:"]
    lines += ["  - id: strict", "    users: {path: /strict/*}", "    maxAccessKeyAge: 30"]
    for number in range(1, rules):
        lines += [f"  - id: rule-{number:04}", *_selectors(number), f"    maxAccessKeyAge: {90 + number % 60}"]
    lines.append("exemptions:")
    for number in range(exemptions):
        lines += [
            f"  - id: exemption-{number}",
            f'    accounts: ["{account_id(number)}"]',
            f"    users: {{path: /vendor/*, name: [appliance-{number}, appliance-{number}-*]}}",
            "    reason: vendor appliance, contract ends in summer",
            "    approvedBy: security@example.com",
            "    expires: 2027-06-30",
        ]
    return "\n".join(lines) + "\n"


def _selectors(number: int) -> list[str]:
    role = ROLES[number % len(ROLES)]
    match number % 4:
        case 0:  # some users of a few accounts
            accounts = ", ".join(f'"{account_id(number * 5 + place)}"' for place in range(5))
            users = f"{{path: [/service/*, /batch/*], name: [{role}-{number:04}-*, {role}-*-{number:04}]}}"
            return [f"    accounts: [{accounts}]", f"    users: {users}"]
        case 1:  # some users of the accounts of a team
            return [f"    accounts: team-{number:04}-*", f"    users: {{path: /service/*, name: [{role}-*, ops-*]}}"]
        case 2:  # some users everywhere
            return [
                f"    users: {{path: [/service/*, /batch/*], name: [{role}-{number:04}-*, '*-{number:04}-canary']}}"
            ]
        case _:  # tagged users of a part of the organization
            ou = f"Root/Workloads/Unit-{number:04}/*"
            return [
                f"    accounts: {{ou: {ou}, tags: {{env: prod}}}}",
                f"    users: {{tags: {{team: team-{number:04}}}}}",
            ]


def account_id(number: int) -> str:
    return f"{100_000_000_000 + number * 7_919:012}"


def write_snapshot(path: Path, keys: int, overdue_share: float) -> Written:
    """Stream accounts to a JSON Lines snapshot until it holds that many keys."""
    overdue = round(KEYS * overdue_share)
    accounts = -(-keys // KEYS)
    templates = ["".join(_account(number, overdue)) for number in range(TEMPLATES)]
    with path.open("w", encoding="ascii", newline="\n") as stream:
        for number in range(accounts):
            text = templates[number % TEMPLATES].replace(ACCOUNT, account_id(number))
            stream.write(text.replace(NUMBER, f"{number:05}") + "\n")
    return Written(accounts * USERS, accounts * KEYS, accounts * overdue)


def _account(template: int, overdue: int) -> Iterator[str]:
    unit = f"Root/Workloads/Unit-{template:04}/Line-{NUMBER}"
    yield f'{{"id":"{ACCOUNT}","name":"team-{template:04}-{NUMBER}","ou":"{unit}","tags":{{"env":"prod"}},"users":['
    key_number = 0
    for number in range(USERS):
        wanted = 0 if number < KEYLESS else 2 if number < KEYLESS + TWO_KEYS else 1
        oldest = OLDEST_STRICT if number % STRICT == 0 else OLDEST_COMPLIANT
        keys = [_key(template, key_number + place, overdue, oldest) for place in range(wanted)]
        yield ("," if number else "") + _user(template, number, ",".join(keys))
        key_number += wanted
    yield "]}"


def _user(template: int, number: int, keys: str) -> str:
    spread = template * USERS + number
    role, path = ROLES[spread % len(ROLES)], "/strict/" if number % STRICT == 0 else PATHS[spread % len(PATHS)]
    name = f"{role}-{spread * 7 % 2000:04}-{number:03}-{NUMBER}"
    return (
        f'{{"name":"{name}","id":"AIDA{NUMBER}{template:02}{number:04}EXAMPL",'
        f'"arn":"arn:aws:iam::{ACCOUNT}:user{path}{name}","path":"{path}","tags":{{"team":"team-{spread % 2000:04}"}},'
        f'"created":"{_moment(700 + number)}","keys":[{keys}]}}'
    )


def _key(template: int, number: int, overdue: int, oldest: int) -> str:
    """A key of an account, the kinds well mixed."""
    kind = (number * 617 + template) % KEYS  # 617 shares no factor with KEYS, so each kind comes once
    age, status = number * 7 % oldest, "Active"
    if kind < overdue:
        age = YOUNGEST_OVERDUE + number % 500
    elif kind < overdue + INACTIVE:
        age, status = YOUNGEST_OVERDUE + number % 400, "Inactive"
    used = f'"{_moment(number % 9)}"' if number % 3 else "null"
    return (
        f'{{"id":"AKIA{NUMBER}{template:02}{number:04}EXAMP","status":"{status}",'
        f'"created":"{_moment(age)}","lastUsed":{used}}}'
    )


def _moment(days: int) -> str:
    """That many days and a few hours ago."""
    return f"{NOW - timedelta(days=days, hours=days % 7, minutes=days % 53):%Y-%m-%dT%H:%M:%SZ}"
