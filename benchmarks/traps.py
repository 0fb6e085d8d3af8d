"""Users with keys whose right verdicts are known beforehand, with every trap that fools such checks."""

from datetime import datetime, timedelta
from typing import NamedTuple

ACCOUNT_ID = "123456789012"
_POLICY = """\
version: 1
default:
  maxAccessKeyAge: 90
rules:
  - id: service-users
    users: {{path: /service/*, name: svc-*}}
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

    @property
    def arn(self) -> str:
        return f"arn:aws:iam::{ACCOUNT_ID}:user{self.path}{self.name}"


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


def policy_text(now: datetime) -> str:
    """The policy by which the verdicts are right."""
    return _POLICY.format(expires=now + timedelta(days=300))


def users(old: int, now: datetime) -> list[User]:
    """That many users whose keys have to be looked at, and some whose keys need not be."""
    kinds = [OLD_USERS[number % len(OLD_USERS)] for number in range(old)]
    kinds += [kind for kind in OTHER_USERS for _number in range(old // SHARE_OF_OTHERS)]
    return [_user(number, kind, now) for number, kind in enumerate(kinds)]


def _user(number: int, kind: Kind, now: datetime) -> User:
    keys = tuple(_key(f"AKIA{number:06}{place}EXAMPLE12", aged, now) for place, aged in enumerate(kind.keys))
    return User(f"{kind.name}-{number:05}", f"AIDA{number:07}EXAMPLE12", kind.path, _ago(now, kind.age), keys)


def _key(key_id: str, aged: Aged, now: datetime) -> Key:
    activated = aged.age if aged.activated is None else aged.activated
    return Key(key_id, _ago(now, aged.age), aged.active, _ago(now, activated), aged.verdict)


def _ago(now: datetime, days: float) -> datetime:
    return now - timedelta(seconds=round(days * 86_400))
