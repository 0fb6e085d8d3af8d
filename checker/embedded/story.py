"""The small organization that `keyage demo` tells its story with."""

from datetime import datetime, timedelta
from importlib.resources import files

from checker.embedded.aws import add_key, add_user, use_key

PAYMENTS = "111122223333"
LEGACY = "012345678901"
ACCOUNTS = (PAYMENTS, LEGACY)
ROTATED = "svc-ledger"
INVENTORY = """\
version: 1
accounts:
  - {id: "012345678901", name: legacy-sftp, ou: Root/Workloads/Legacy, tags: {env: legacy}}
  - {id: "111122223333", name: prod-payments, ou: Root/Workloads/Prod, tags: {env: prod}}
"""
WHO_IS_WHO = """\
  alice        a person with a young key: fine
  bob          an old key, switched off, beside a fresh one: fine, whatever its age
  svc-ledger   a service user with a key far past its thirty days, and in daily use
  svc-mailer   a service user whose key falls due this week
  svc-reports  a key of 400 days that was switched off and on yesterday: the credential report calls it
               one day old, CreateDate does not
  sftp-legacy  a vendor's appliance with a dated exemption, in an account whose id starts with 0"""


def policy_text(now: datetime) -> str:
    """The policy of the story, with an exemption that runs for sixty days more."""
    text = files("checker.embedded").joinpath("policies.yaml").read_text("utf-8")
    return text.replace("EXPIRES", f"{now + timedelta(days=60):%Y-%m-%d}")


def seed(now: datetime) -> None:
    """Fill the embedded AWS; ages count back from `now`."""

    def ago(days: float) -> datetime:
        return now - timedelta(days=days)

    add_user(PAYMENTS, "alice", ago(700), path="/people/")
    add_key(PAYMENTS, "alice", ago(20), last_used=ago(1))
    add_user(PAYMENTS, "bob", ago(900), path="/people/")
    add_key(PAYMENTS, "bob", ago(600), status="Inactive")
    add_key(PAYMENTS, "bob", ago(40), last_used=ago(2))
    add_user(PAYMENTS, "svc-ledger", ago(500), path="/service/")
    add_key(PAYMENTS, "svc-ledger", ago(206.5), last_used=ago(0.1))
    add_user(PAYMENTS, "svc-mailer", ago(300), path="/service/")
    add_key(PAYMENTS, "svc-mailer", ago(25), last_used=ago(0.5))
    add_user(PAYMENTS, "svc-reports", ago(400), path="/service/")
    add_key(PAYMENTS, "svc-reports", ago(400), activated=ago(1))
    add_user(LEGACY, "sftp-legacy", ago(1500))
    add_key(LEGACY, "sftp-legacy", ago(1200), last_used=ago(0.2))


def use_new_key(moment: datetime) -> None:
    """Whoever read the store again uses the youngest key of the user who is rotated."""
    use_key(PAYMENTS, ROTATED, moment)
