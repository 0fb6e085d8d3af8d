"""Users with keys whose right verdicts are known beforehand, with every trap that fools such checks."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

ACCOUNT_ID = "123456789012"
_POLICY = """\
version: 1
default:
  maxAccessKeyAge: 90
rules:
  - id: service-users
    users: {{path: /service/*, {service}}}
    maxAccessKeyAge: 30
exemptions:
  - id: vendor-appliances
    users: appliance-*
    reason: vendor appliance, contract ends in summer
    approvedBy: security@example.com
    expires: {expires:%Y-%m-%d}
"""


class Key(NamedTuple):
    id: str
    created: datetime
    active: bool
    activated: datetime  # when last switched on, which is what the credential report tells
    verdict: str


class User(NamedTuple):
    name: str
    id: str
    path: str
    created: datetime
    keys: tuple[Key, ...]
    reported: "User | None" = None  # as the credential report has the user, if it is older than what happened since
    account: str = ACCOUNT_ID

    @property
    def tags(self) -> dict[str, str]:
        return {"kind": "service"} if self.name.startswith("svc-") else {}

    @property
    def arn(self) -> str:
        return f"arn:aws:iam::{self.account}:user{self.path}{self.name}"


class Aged(NamedTuple):
    """A key by its age in days."""

    age: float
    verdict: str
    active: bool = True
    activated: float | None = None  # days ago; None: never switched off


class Kind(NamedTuple):
    """A sort of user; a name, a path, the age of the user in days, and the keys."""

    name: str
    path: str
    age: float
    keys: tuple[Aged, ...]
    reported: "Kind | None" = None  # as it was when the credential report was made


FINE, OVERDUE, EXEMPT, IDLE = "COMPLIANT", "NON_COMPLIANT", "EXEMPT", "NOT_APPLICABLE"
OLD_USERS = (  # whose keys have to be looked at
    Kind("fresh", "/people/", 700, (Aged(20, FINE),)),
    Kind("two-fresh", "/people/", 700, (Aged(80, FINE), Aged(3, FINE))),
    Kind("inactive-old-beside-fresh", "/people/", 900, (Aged(600, IDLE, active=False), Aged(40, FINE))),
    Kind("overdue", "/people/", 900, (Aged(400, OVERDUE),)),
    Kind("overdue-beside-fresh", "/people/", 900, (Aged(5, FINE), Aged(120, OVERDUE))),
    Kind("toggled-yesterday", "/people/", 500, (Aged(400, OVERDUE, activated=1),)),
    Kind("ninety-days-and-a-half", "/people/", 300, (Aged(90.5, OVERDUE),)),
    Kind("ninety-days-and-a-second", "/people/", 300, (Aged(90 + 1 / 86_400, OVERDUE),)),
    Kind("ninety-days-exactly", "/people/", 300, (Aged(90, FINE),)),
    Kind("all-inactive", "/people/", 300, (Aged(250, IDLE, active=False), Aged(200, IDLE, active=False))),
    Kind("svc-overdue", "/service/", 300, (Aged(31, OVERDUE),)),
    Kind("svc-fine", "/service/", 300, (Aged(29, FINE),)),
    Kind("svc-of-another-path", "/people/", 300, (Aged(31, FINE),)),
    Kind("appliance", "/", 1_500, (Aged(1_200, EXEMPT), Aged(60, FINE))),
)
OTHER_USERS = (  # whose keys can change no verdict; one of each for every twenty above
    Kind("young", "/people/", 10, (Aged(9, FINE),)),
    Kind("keyless", "/people/", 900, ()),
)
SHARE_OF_OTHERS = 20

PLAIN_KINDS = (  # where 90 days are the limit of every key; truth stays the same for hours after `now`
    Kind("fresh", "/people/", 700, (Aged(20, FINE),)),
    Kind("two-fresh", "/people/", 700, (Aged(80, FINE), Aged(3, FINE))),
    Kind("inactive-old-beside-fresh", "/people/", 900, (Aged(600, IDLE, active=False), Aged(40, FINE))),
    Kind("overdue", "/people/", 900, (Aged(400, OVERDUE),)),
    Kind("overdue-beside-fresh", "/people/", 900, (Aged(120, OVERDUE), Aged(5, FINE))),
    Kind("overdue-beside-inactive-old", "/service/", 900, (Aged(600, IDLE, active=False), Aged(200, OVERDUE))),
    Kind("two-overdue", "/service/", 900, (Aged(500, OVERDUE), Aged(300, OVERDUE))),
    Kind("toggled-yesterday", "/people/", 500, (Aged(400, OVERDUE, activated=1),)),
    Kind("ninety-days-and-a-half", "/people/", 300, (Aged(90.5, OVERDUE),)),
    Kind("ninety-days-and-a-second", "/people/", 300, (Aged(90 + 1 / 86_400, OVERDUE),)),
    Kind("twelve-hours-to-ninety-days", "/people/", 300, (Aged(89.5, FINE),)),
    Kind("all-inactive", "/people/", 300, (Aged(250, IDLE, active=False), Aged(200, IDLE, active=False))),
    Kind("young", "/people/", 10, (Aged(9, FINE),)),
    Kind("keyless", "/people/", 900, ()),
)
_WAS_OVERDUE, _WAS_IDLE = (Aged(400, OVERDUE),), (Aged(400, IDLE, active=False),)
STALE_KINDS = (  # what happened in the four hours since the credential report was made, among users as above
    Kind("switched-off", "/", 500, _WAS_IDLE, Kind("switched-off", "/", 500, _WAS_OVERDUE)),
    Kind("switched-on", "/", 500, (Aged(400, OVERDUE, activated=0.1),), Kind("switched-on", "/", 500, _WAS_IDLE)),
    Kind("renamed", "/", 500, _WAS_OVERDUE, Kind("before-renaming", "/", 500, _WAS_OVERDUE)),
    *PLAIN_KINDS[:5],
)


def policy_text(now: datetime, *, by_tag: bool = False) -> str:
    """The policy by which the verdicts are right; service users are told by their name or by a tag."""
    service = "tags: {kind: service}" if by_tag else "name: svc-*"
    return _POLICY.format(expires=now + timedelta(days=300), service=service)


def users(old: int, now: datetime) -> list[User]:
    """That many users whose keys have to be looked at, and some whose keys need not be."""
    kinds = [OLD_USERS[number % len(OLD_USERS)] for number in range(old)]
    kinds += [kind for kind in OTHER_USERS for _number in range(old // SHARE_OF_OTHERS)]
    return [numbered(number, kind, now) for number, kind in enumerate(kinds)]


def quiet_users(count: int, now: datetime) -> list[User]:
    """That many users of whom nine in ten have fresh keys only, as in an account that rotates."""
    fresh = OLD_USERS[:2]
    kinds = [fresh[number % 2] if number % 10 else OLD_USERS[number // 10 % len(OLD_USERS)] for number in range(count)]
    return [numbered(number, kind, now) for number, kind in enumerate(kinds)]


def cycled(count: int, kinds: Sequence[Kind], now: datetime) -> list[User]:
    """That many users, the kinds in turn."""
    return [numbered(number, kinds[number % len(kinds)], now) for number in range(count)]


def numbered(number: int, kind: Kind, now: datetime, account: str = ACCOUNT_ID) -> User:
    """A user of that kind; number and account make names and ids unique."""
    suffix = "EXAMPLE12" if account == ACCOUNT_ID else account
    keys = tuple(_key(f"AKIA{number:06}{place}{suffix}", aged, now) for place, aged in enumerate(kind.keys))
    reported = numbered(number, kind.reported, now, account) if kind.reported else None
    name, user_id = f"{kind.name}-{number:05}", f"AIDA{number:07}{suffix}"
    return User(name, user_id, kind.path, _ago(now, kind.age), keys, reported, account)


def _key(key_id: str, aged: Aged, now: datetime) -> Key:
    activated = aged.age if aged.activated is None else aged.activated
    return Key(key_id, _ago(now, aged.age), aged.active, _ago(now, activated), aged.verdict)


def _ago(now: datetime, days: float) -> datetime:
    return now - timedelta(seconds=round(days * 86_400))
