"""A made-up organization of any size and a policy for it, the same for the same seed."""

import random
from typing import Any, NamedTuple

import yaml

from checker.decision import Account

STAGES = ("prod", "stage", "test", "dev")
TEAMS, UNITS = 200, 20
Document = dict[str, Any]


class Organization(NamedTuple):
    policy: bytes  # policies.yaml
    inventory: dict[str, Account]  # by id

    @property
    def accounts(self) -> bytes:
        """accounts.yaml"""
        listed = [account._asdict() for account in self.inventory.values()]
        return yaml.safe_dump({"version": 1, "accounts": listed}).encode()


def organization(accounts: int, rules: int, exemptions: int, seed: int = 0) -> Organization:
    """So many accounts with random ids, and rules and exemptions that select them by id, name, OU and tags in turn.

    Selectors of all four kinds overlap, so that thousands of different sets of rules and exemptions are for some
    account, and each id stands for itself: a policy that does not get much smaller by compressing it.
    """
    chance = random.Random(seed)  # noqa: S311 -- nobody is to be kept from guessing it
    ids = [f"{number:012}" for number in sorted(chance.sample(range(10**11, 10**12), accounts))]
    inventory = {account_id: _account(chance, account_id) for account_id in ids}
    policy = {
        "version": 1,
        "default": {"maxAccessKeyAge": 90},
        "rules": [_rule(chance, ids, number) for number in range(rules)],
        "exemptions": [_exemption(chance, ids, number) for number in range(exemptions)],
        "remediation": {"action": "delete", "deleteAfterDays": 30},
    }
    return Organization(yaml.safe_dump(policy).encode(), inventory)


def _account(chance: random.Random, account_id: str) -> Account:
    stage, team = chance.choice(STAGES), f"team-{chance.randrange(TEAMS):03}"
    name = f"{team}-{stage}-{chance.randrange(10**6):06}"
    return Account(account_id, name, f"Root/unit-{chance.randrange(UNITS):02}/{stage}", {"team": team, "env": stage})


def _rule(chance: random.Random, ids: list[str], number: int) -> Document:
    users = {"path": f"/service/{number}/*", "tags": {"purpose": [f"batch-{number}", f"export-{number}-*"]}}
    selector = _selector(chance, ids, number)
    return {"id": f"rule-{number}", "accounts": selector, "users": users, "maxAccessKeyAge": 30 + number % 60}


def _exemption(chance: random.Random, ids: list[str], number: int) -> Document:
    return {
        "id": f"exemption-{number}",
        "accounts": _selector(chance, ids, number),
        "users": f"vendor-{number}-*",
        "reason": "the appliance of a vendor that cannot change its key before the contract ends",
        "approvedBy": "security@example.com",
        "expires": "2027-06-30",
    }


def _selector(chance: random.Random, ids: list[str], number: int) -> Any:
    match number % 4:
        case 0:
            return {"id": chance.sample(ids, 10)}
        case 1:
            return [f"team-{team:03}-*" for team in chance.sample(range(TEAMS), 5)]
        case 2:
            return {"ou": [f"Root/unit-{unit:02}/*" for unit in chance.sample(range(UNITS), 4)]}
        case _:
            return {"tags": {"team": f"team-?{chance.randrange(10)}?", "env": chance.choice(STAGES)}}
