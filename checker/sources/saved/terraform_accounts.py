"""Terraform state as a source by itself: the accounts of the users and keys that Terraform manages."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import get_args

import msgspec

from checker.decision import AccessKey, Account, User, decision, selectors
from checker.errors import Unreadable
from checker.evaluate import AccountRead, AccountUnreadable, Reading, UserUnread
from checker.policy.inventory import Inventory, complete
from checker.sources.saved import snapshot
from checker.sources.saved.terraform_state import (
    REFRESH,
    Broken,
    Caller,
    Content,
    FoundUser,
    Key,
    ManagedUser,
    StateObject,
)

AS_OF = "judged from Terraform state: only what Terraform manages is known, as it was when Terraform last refreshed it"


def read(path: Path, state: Sequence[StateObject], inventory: Inventory) -> Iterator[Reading]:
    """The accounts of the users and keys that Terraform manages, by id, and last what is in no certain account.

    Users are those in the state and those of its keys. Raises Unreadable if there are none.
    """
    broken = [state_object.content.reason for state_object in state if isinstance(state_object.content, Broken)]
    state = [state_object for state_object in state if not isinstance(state_object.content, Broken)]
    places = _Places(state)
    accounts: dict[str | None, list[StateObject]] = {}
    keys_by_id: dict[str, set[tuple[str | None, Key]]] = {}
    for state_object in state:
        account_id = places.account(state_object)
        accounts.setdefault(account_id, []).append(state_object)
        if isinstance(state_object.content, Key):
            keys_by_id.setdefault(state_object.content.id, set()).add((account_id, state_object.content))
    contradicted = {key_id for key_id, stories in keys_by_id.items() if len(stories) > 1}
    managed = {account_id: objects for account_id, objects in accounts.items() if any(map(_is_managed, objects))}
    if not managed and not broken:
        raise Unreadable(f"{path}: no aws_iam_access_key and no aws_iam_user is in it, so nothing can be said")
    for account_id in sorted(filter(None, managed)):
        yield _read_account(complete(decision.Account(account_id), inventory), managed[account_id], contradicted)
    if None in managed:
        yield _uncertain(list(filter(_is_managed, managed[None])))
    if broken:
        yield AccountUnreadable(None, None, _listed(broken, "; "))


def _is_managed(state_object: StateObject) -> bool:
    return isinstance(state_object.content, Key | ManagedUser)


class _Places:
    """Tells in which account an object is, as far as the state makes that certain."""

    def __init__(self, state: Sequence[StateObject]) -> None:
        self._of_provider: dict[str, set[str]] = {}
        self._users: dict[str, list[tuple[str, ManagedUser | FoundUser]]] = {}
        for state_object in state:
            if state_object.provider and (own := _own_account(state_object.content)):
                self._of_provider.setdefault(state_object.provider, set()).add(own)
            if isinstance(state_object.content, ManagedUser | FoundUser):
                self._users.setdefault(state_object.resource, []).append((state_object.module, state_object.content))

    def account(self, state_object: StateObject) -> str | None:
        """The account in its ARN, else that of its provider, else that of its user; None if this is not one account."""
        if own := _own_account(state_object.content):
            return own
        accounts = self._of_provider.get(state_object.provider or "") or self._of_user(state_object)
        return next(iter(accounts)) if len(accounts) == 1 else None

    def _of_user(self, state_object: StateObject) -> Collection[str | None]:
        """The accounts of users of the key's user name on whom the key depends.

        The name alone proves nothing: another account may have a user of that name. In a module with several
        instances a key depends on the user in its own instance.
        """
        if not isinstance(state_object.content, Key):
            return ()
        depends_on = [user for resource in state_object.depends_on for user in self._users.get(resource, ())]
        named = [(module, user) for module, user in depends_on if user.name == state_object.content.user]
        near = [(module, user) for module, user in named if module == state_object.module]
        return {_own_account(user) for _module, user in near or named}


def _own_account(content: Content) -> str | None:
    if isinstance(content, Key | Broken):
        return None
    account_id = content.account_id if isinstance(content, Caller) else (content.arn or "").partition(":iam::")[2][:12]
    return account_id if account_id and selectors.is_account_id(account_id) else None


def _uncertain(state: Sequence[StateObject]) -> AccountUnreadable:
    remedy = "save the state with `terraform state pull > state.json`, which tells the provider of each"
    if any(state_object.provider for state_object in state):
        remedy = f"give the provider of each a data source aws_caller_identity, {REFRESH}"
    where = _listed([state_object.address for state_object in state])
    return AccountUnreadable(None, None, f"the account of {where} is not certain: {remedy}, or judge live IAM")


def _read_account(account: Account, state: Sequence[StateObject], contradicted: Collection[str]) -> AccountRead:
    """What is certain of an account; a user with a key that nobody can judge is unread, with a reason for each key."""
    known = _known_users(state)
    keys: dict[str, dict[str, AccessKey]] = {}
    contrary: dict[str, list[str]] = {}
    lacking: dict[str, list[str]] = {}
    for state_object in state:
        if not isinstance(key := state_object.content, Key):
            continue
        created = _moment(key.create_date)
        if key.id in contradicted:
            contrary.setdefault(key.user, []).append(state_object.address)
        elif created is None or key.status is None or key.status not in get_args(snapshot.Status):
            lacking.setdefault(key.user, []).append(state_object.address)
        else:  # no state has the last use
            keys.setdefault(key.user, {})[key.id] = decision.AccessKey(key.id, key.status, created, use_known=False)
    open_users = contrary.keys() | lacking.keys()
    managed = {name for name, user in known.items() if isinstance(user, ManagedUser)}
    users = [_user(name, known.get(name), keys.get(name, {})) for name in sorted(managed - open_users | keys.keys())]
    unread = tuple(
        _unread(_user(name, known.get(name), {}), _defects(contrary.get(name, ()), lacking.get(name, ())))
        for name in sorted(open_users)
    )
    return AccountRead(account, users, [f"{account.id}: {AS_OF}"], unread=unread)


def _unread(user: User, reason: str) -> UserUnread:
    return UserUnread(user.name, user.id, user.arn, reason)


def _known_users(state: Sequence[StateObject]) -> dict[str, ManagedUser | FoundUser]:
    """By name; one who stands there several times as in the first, with nothing in which its equals differ from it."""
    first: dict[str, StateObject] = {}
    users: dict[str, ManagedUser | FoundUser] = {}
    for state_object in state:
        if not isinstance(user := state_object.content, ManagedUser | FoundUser):
            continue
        if user.name not in users:
            first[user.name], users[user.name] = state_object, user
        elif _rank(state_object) == _rank(first[user.name]):
            users[user.name] = _agreed(users[user.name], user)
    return users


def _rank(state_object: StateObject) -> tuple[type, bool]:
    return type(state_object.content), state_object.deposed


def _agreed(user: ManagedUser | FoundUser, other: ManagedUser | FoundUser) -> ManagedUser | FoundUser:
    attributes = {name: getattr(user, name) for name in ("path", "unique_id", "arn")}
    agreed = {name: value if value == getattr(other, name) else None for name, value in attributes.items()}
    tags = _tags(user)
    same_tags = {"tags": msgspec.UNSET if tags is None or tags != _tags(other) else dict(tags), "tags_all": None}
    return msgspec.structs.replace(user, **agreed, **same_tags)


def _defects(contrary: Sequence[str], lacking: Sequence[str]) -> str:
    whys = []
    if contrary:
        whys.append(f"the state contradicts itself about {_listed(contrary)}: {REFRESH}")
    if lacking:
        newer = f"use AWS provider 3.27.0 or newer, {REFRESH}"
        whys.append(f"no create_date or status is known of {_listed(lacking)}: {newer}")
    return "; ".join(whys)


def _listed(places: Sequence[str], between: str = ", ") -> str:
    more = f" and {len(places) - 3} more" if len(places) > 3 else ""
    return between.join(places[:3]) + more


def _user(name: str, known: ManagedUser | FoundUser | None, keys: Mapping[str, AccessKey]) -> User:
    access_keys = tuple(keys.values())
    if known is None:
        return decision.User(name, keys=access_keys)
    return decision.User(name, known.path, _tags(known), known.unique_id, known.arn, None, access_keys)


def _tags(user: ManagedUser | FoundUser) -> dict[str, str] | None:
    """None if they are not known; a user without tags may have null in the state."""
    tags = user.tags if user.tags_all is None else user.tags_all
    if isinstance(tags, msgspec.UnsetType):
        return None
    return {key: value for key, value in (tags or {}).items() if value is not None}


def _moment(text: str | None) -> datetime | None:
    """An instant of RFC 3339 with its offset, else None."""
    try:
        return None if text is None else msgspec.convert(text, snapshot.Instant)
    except msgspec.ValidationError:
        return None
