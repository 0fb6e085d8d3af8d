"""A light fake of an AWS organization: STS, AWS Organizations and the IAM of every account; see fake_iam.py.

AssumeRole hands out credentials whose access key id tells the account, and calls to IAM are answered for
the account whose credentials signed them. Answers are made once and kept.
"""

import json
import re
from datetime import datetime
from typing import NamedTuple

import fake_iam
from emulator import Answer, Answering, Call
from traps import OLD_USERS, User, numbered

MANAGEMENT = "100000000000"
PAGE = 20  # the most that AWS Organizations lists at once
SIGNED = re.compile(r"Credential=ASIA(\d{12})")


class Seed(NamedTuple):
    """An organization whose accounts start at different kinds of users; the last `denied` cannot be assumed."""

    accounts: int
    users: int  # in each account
    now: datetime
    denied: int = 0

    def ids(self) -> list[str]:
        return [str(int(MANAGEMENT) + number) for number in range(self.accounts)]

    def users_of(self, account_id: str) -> list[User]:
        """The users of an account, and what is right about them."""
        first = int(account_id) - int(MANAGEMENT)
        kinds = [OLD_USERS[(first + number) % len(OLD_USERS)] for number in range(self.users)]
        return [numbered(number, kind, self.now, account_id) for number, kind in enumerate(kinds)]

    def unreadable(self) -> set[str]:
        return set(self.ids()[self.accounts - self.denied :])


def answering(seed: Seed) -> Answering:
    """What answers calls to the organization and its accounts."""
    accounts = {account_id: fake_iam.answering(seed.users_of(account_id), account_id) for account_id in seed.ids()}
    kept: dict[tuple[str, bytes], Answer] = {}
    denied = seed.unreadable()

    def answer(call: Call) -> Answer:
        if call.operation == "AssumeRole":
            return _assume(call.fields["RoleArn"].split(":")[4], denied)
        if call.operation.startswith("List") and "X-Amz-Target" in call.headers:
            return _listed(call, seed)
        signed = SIGNED.search(call.headers.get("Authorization", ""))
        account_id = signed[1] if signed else MANAGEMENT
        if call.operation != "ListAccessKeys":
            return accounts[account_id](call)
        place = (account_id, call.body)
        if place not in kept:
            kept[place] = accounts[account_id](call)
        return kept[place]

    return answer


def _assume(account_id: str, denied: set[str]) -> Answer:
    if account_id in denied:
        error = "<Type>Sender</Type><Code>AccessDenied</Code><Message>the fake denies it</Message>"
        return Answer(403, f"<ErrorResponse><Error>{error}</Error></ErrorResponse>".encode())
    credentials = (
        f"<AccessKeyId>ASIA{account_id}</AccessKeyId><SecretAccessKey>secret</SecretAccessKey>"
        "<SessionToken>token</SessionToken><Expiration>2100-01-01T00:00:00Z</Expiration>"
    )
    result = f"<AssumeRoleResult><Credentials>{credentials}</Credentials></AssumeRoleResult>"
    return Answer(200, f"<AssumeRoleResponse>{result}</AssumeRoleResponse>".encode())


def _listed(call: Call, seed: Seed) -> Answer:
    asked = json.loads(call.body)
    if call.operation != "ListAccounts":
        return Answer(400, b'{"__type": "InvalidInputException", "message": "the fake lists accounts and no more"}')
    start = int(asked.get("NextToken", 0))
    ids = seed.ids()
    page = [
        {"Id": account_id, "Name": f"account-{account_id}", "State": "ACTIVE"}
        for account_id in ids[start : start + PAGE]
    ]
    more = {"NextToken": str(start + PAGE)} if start + PAGE < len(ids) else {}
    return Answer(200, json.dumps({"Accounts": page} | more).encode())
