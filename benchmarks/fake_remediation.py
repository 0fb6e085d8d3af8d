"""A light fake of an organization in which keys can be changed; what it reads out is fake_organization's.

The credential report and the listing with tags stay as they were made, as AWS's own do for a while; GetUser and
ListAccessKeys tell the truth.
"""

from datetime import datetime
from typing import NamedTuple
from xml.sax.saxutils import escape

import fake_iam
import fake_organization
from emulator import Answer, Answering, Call
from fake_organization import MANAGEMENT, SIGNED
from traps import PLAIN_KINDS, User, numbered

MARK = "Tags.member.1."


class Seed(NamedTuple):
    """An organization whose accounts start at different kinds of users; 90 days are the limit of every key."""

    accounts: int
    users: int  # in each account
    now: datetime

    def ids(self) -> list[str]:
        return [str(int(MANAGEMENT) + number) for number in range(self.accounts)]

    def users_of(self, account_id: str) -> list[User]:
        """The users of an account, and what is right about them."""
        first = int(account_id) - int(MANAGEMENT)
        kinds = [PLAIN_KINDS[(first + number) % len(PLAIN_KINDS)] for number in range(self.users)]
        return [numbered(number, kind, self.now, account_id) for number, kind in enumerate(kinds)]

    def unreadable(self) -> set[str]:
        return set()


def answering(seed: Seed) -> Answering:
    """What answers calls to the organization and its accounts."""
    listing = fake_organization.answering(seed)  # type: ignore[arg-type]
    accounts = {account_id: _Account(seed.users_of(account_id)) for account_id in seed.ids()}

    def answer(call: Call) -> Answer:
        signed = SIGNED.search(call.headers.get("Authorization", ""))
        result = accounts[signed[1] if signed else MANAGEMENT].answer(call)
        if result is None:
            return listing(call)
        name = call.operation
        identified = "<ResponseMetadata><RequestId>fake</RequestId></ResponseMetadata>"
        return Answer(
            200, f"<{name}Response><{name}Result>{result}</{name}Result>{identified}</{name}Response>".encode()
        )

    return answer


class _Account:
    """What can change of an account's users."""

    def __init__(self, users: list[User]) -> None:
        self._users = {user.name: user for user in users}
        self._tags: dict[str, dict[str, str]] = {user.name: {} for user in users}

    def answer(self, call: Call) -> str | None:
        """None for what does not depend on changes."""
        fields = call.fields
        match call.operation:
            case "GetUser":
                return f"<User>{self._user(fields['UserName'])}</User>"
            case "ListAccessKeys":
                user = self._users[fields["UserName"]]
                members = "".join(f"<member>{fake_iam.key_text(user, key)}</member>" for key in user.keys)
                return f"<AccessKeyMetadata>{members}</AccessKeyMetadata><IsTruncated>false</IsTruncated>"
            case "GetAccessKeyLastUsed":
                return "<AccessKeyLastUsed><ServiceName>N/A</ServiceName><Region>N/A</Region></AccessKeyLastUsed>"
            case "UpdateAccessKey":
                self._switch(fields["UserName"], fields["AccessKeyId"], fields["Status"])
            case "TagUser":
                self._tags[fields["UserName"]][fields[f"{MARK}Key"]] = fields[f"{MARK}Value"]
            case "UntagUser":
                self._tags[fields["UserName"]].pop(fields["TagKeys.member.1"], None)
            case _:
                return None
        return ""

    def _user(self, name: str) -> str:
        tags = "".join(
            f"<member><Key>{escape(tag)}</Key><Value>{escape(value)}</Value></member>"
            for tag, value in self._tags[name].items()
        )
        return f"{fake_iam.user_text(self._users[name])}<Tags>{tags}</Tags>"

    def _switch(self, name: str, key_id: str, status: str) -> None:
        user = self._users[name]
        keys = tuple(key._replace(active=status == "Active") if key.id == key_id else key for key in user.keys)
        self._users[name] = user._replace(keys=keys)
