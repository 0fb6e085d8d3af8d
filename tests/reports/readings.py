"""Two readable accounts and an unreadable one with something of everything, for every format."""

from checker.decision import AccessKey, User, decision
from checker.evaluate import AccountRead, AccountUnreadable, Reading
from tests.support.fixtures import ago

POLICY = """\
version: 1
default: {maxAccessKeyAge: 90}
rules:
  - {id: prod-service-users, accounts: prod-*, users: {path: /service/*, name: svc-*}, maxAccessKeyAge: 30}
exemptions:
  - {id: legacy-sftp, users: sftp-legacy, reason: vendor, approvedBy: security@example.com, expires: 2027-01-31}
"""
PAYMENTS = decision.Account("111122223333", "prod-payments", "Root/Prod", {})
LEGACY = decision.Account("012345678901", None, None, None)


def key(number: int, age: float, status: str = "Active", used: float | None = None) -> AccessKey:
    return decision.AccessKey(f"AKIA{number:016d}", status, ago(age), None if used is None else ago(used))


def user(name: str, *keys: AccessKey, path: str = "/", arn: str | None = None) -> User:
    arn = arn or f"arn:aws:iam::111122223333:user{path}{name}"
    return decision.User(name, path, {}, f"AIDA{name.upper()}", arn, ago(900), keys)


def readings() -> list[Reading]:
    """By account id, as every source yields them."""
    payments = [
        user("alice", key(1, 20, used=0.5)),
        user("bob", key(2, 600, "Inactive"), key(3, 40, used=2)),
        user("svc-ledger", key(4, 206.5, used=0.1), key(5, 29.5), path="/service/"),
        user("svc-old", key(6, 500), path="/service/"),
        user("svc-edge", key(7, 30), key(8, 30.00001), path="/service/"),
        user("we=ird+na.me@x", key(9, 90.5)),
    ]
    legacy = [user("sftp-legacy", key(10, 1200, used=0.2)), user("nobody")]
    return [
        AccountRead(LEGACY, legacy, ["a note"], {"ListAccessKeys": 1}),
        AccountRead(PAYMENTS, payments, (), {"GetCallerIdentity": 1, "ListAccessKeys": 6}),
        AccountUnreadable("999900001111", "dev-web", "ListUsers was denied: allow it (stand-in)", {"ListUsers": 1}),
    ]
