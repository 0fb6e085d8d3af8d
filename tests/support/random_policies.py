"""Random small policies, accounts, users and keys, for what holds whatever they are."""

from datetime import datetime, timedelta, timezone
from typing import Any

import yaml
from hypothesis import strategies as st

from checker.decision import decision

NOW = datetime(2026, 11, 23, 12, tzinfo=timezone.utc)
Document = dict[str, Any]


def listed(choice: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    return choice | st.lists(choice, min_size=1, max_size=2)


def some_of(**choices: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=choices).filter(bool)


tag_patterns = some_of(env=listed(st.sampled_from(["prod", "*", "d?v"])), team=st.just("p*"))
account_names = listed(st.sampled_from(["prod", "p*", "?ev", "*", "000000000001", "000000000002"]))
accounts = account_names | some_of(
    id=listed(st.sampled_from(["000000000001", "000000000002"])),
    name=listed(st.sampled_from(["prod", "p*", "?ev", "*"])),
    ou=listed(st.sampled_from(["R/*", "*/A", "R"])),
    tags=tag_patterns,
)
user_names = listed(st.sampled_from(["svc-*", "joe", "?oe", "*"]))
users = user_names | some_of(
    name=user_names,
    path=listed(st.sampled_from(["/", "/s/*", "*"])),
    group=listed(st.sampled_from(["dev*", "ops", "*"])),
    tags=tag_patterns,
)
keys = listed(st.sampled_from(["K1", "K2"]))
days = st.integers(1, 4)
expiry = st.integers(22, 26).map("2026-11-{}".format)


def numbered(prefix: str, entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [entry | {"id": f"{prefix}{number}"} for number, entry in enumerate(entries)]


rules = st.fixed_dictionaries({"maxAccessKeyAge": days}, optional={"accounts": accounts, "users": users})
exemptions = st.fixed_dictionaries({"expires": expiry}, optional={"accounts": accounts, "users": users, "keys": keys})
documents = st.fixed_dictionaries(
    {
        "default": st.fixed_dictionaries({"maxAccessKeyAge": days}),
        "rules": st.lists(rules, max_size=4).map(lambda found: numbered("rule-", found)),
        "exemptions": st.lists(exemptions, max_size=3).map(lambda found: numbered("exemption-", found)),
    }
)
tags = st.fixed_dictionaries({}, optional={"env": st.sampled_from(["prod", "dev"]), "team": st.just("pay")})
known_accounts = st.builds(
    decision.Account,
    st.sampled_from(["000000000001", "000000000002", "000000000003"]),
    st.sampled_from(["prod", "dev", "x"]),
    st.sampled_from(["R", "R/A", "R/B"]),
    tags,
)
known_users = st.builds(
    decision.User,
    st.sampled_from(["svc-a", "joe", "zoe"]),
    st.sampled_from(["/", "/s/", "/s/t/"]),
    tags,
    groups=st.lists(st.sampled_from(["devs", "ops", "x"]), max_size=2, unique=True),
)
ages = st.builds(timedelta, days=st.integers(0, 5), seconds=st.integers(-1, 1))
known_keys = st.builds(
    lambda key_id, status, age: decision.AccessKey(key_id, status, NOW - age),
    st.sampled_from(["K1", "K2", "K3"]),
    st.sampled_from(["Active", "Active", "Active", "Inactive", "Expired"]),
    ages,
)


def policy_text(document: Document) -> str:
    """The document as its author would write it, with what a policy file must say besides."""
    signed = {"reason": "r", "approvedBy": "a"}
    exemptions = [signed | entry for entry in document["exemptions"] if {"accounts", "users", "keys"} & set(entry)]
    content = {"version": 1} | document | {"exemptions": exemptions}
    # In C: yaml.safe_dump would take longer than what is tested.
    text: str = yaml.dump(content, Dumper=yaml.CSafeDumper, sort_keys=False)
    return text
