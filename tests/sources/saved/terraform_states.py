"""Terraform states for tests: one list of objects, written as a state file and as `terraform show -json` prints it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from checker.evaluate import AccountRead, AccountUnreadable, Reading
from checker.sources.saved.kinds import open_saved

ONE, TWO = "111111111111", "222222222222"  # accounts
SECRET = "wJalrXUtnFEMI/K7MDENG/stand-in"
DATE = "2026-08-01T00:00:00Z"
# Instance keys and how `terraform state list` spells them; the test with the real terraform proves it.
SPELLED: dict[int | str | None, str] = {
    None: "",
    0: "[0]",
    1: "[1]",
    "plain": '["plain"]',
    "two words": '["two words"]',
    'q"uo\\te': r'["q\"uo\\te"]',
    "${a} %{b} $ % $${c}": '["$${a} %%{b} $ % $$${c}"]',
    "a\tb\nc\rd": r'["a\tb\nc\rd"]',
    "[0].]": '["[0].]"]',
    "ünï 😀 日本": '["ünï 😀 日本"]',
    "\x1b\u200b\U000e0001": r'["\u001b\u200b\U000e0001"]',
}


@dataclass(frozen=True)
class Thing:
    """An object in a state; `module` is spelled as Terraform does, `attributes` has secrets as the real thing has."""

    type: str
    name: str
    attributes: dict[str, Any]
    index: int | str | None = None
    module: str = ""
    mode: str = "managed"
    provider: str | None = "aws"
    depends_on: Sequence[str] = ()
    deposed: str = ""
    instance_provider: str | None = field(default=None, kw_only=True)


def key(key_id: str, user: str, name: str = "k", **settings: Any) -> Thing:
    attributes: dict[str, Any] = {"id": key_id, "user": user, "status": "Active", "create_date": DATE}
    attributes |= {"secret": SECRET, "ses_smtp_password_v4": SECRET, "encrypted_secret": None}
    attributes |= settings.pop("attributes", {})
    return Thing("aws_iam_access_key", name, {k: v for k, v in attributes.items() if v != "absent"}, **settings)


def user(name: str, account: str, resource: str = "u", **settings: Any) -> Thing:
    arn = f"arn:aws:iam::{account}:user/team/{name}"
    attributes: dict[str, Any] = {"id": name, "name": name, "arn": arn, "path": "/team/"}
    attributes |= {"unique_id": f"AIDA{name.upper()}", "tags": {"a": "1"}, "tags_all": {"a": "1", "b": "2"}}
    attributes |= settings.pop("attributes", {})
    return Thing("aws_iam_user", resource, {k: v for k, v in attributes.items() if v != "absent"}, **settings)


def found_user(name: str, account: str, resource: str = "f", **settings: Any) -> Thing:
    attributes = {"user_name": name, "user_id": "AIDAFOUND", "arn": f"arn:aws:iam::{account}:user/{name}", "path": "/"}
    return Thing("aws_iam_user", resource, attributes | {"tags": {"found": "yes"}}, mode="data", **settings)


def caller(account: str, name: str = "c", **settings: Any) -> Thing:
    attributes = {"account_id": account, "arn": f"arn:aws:sts::{account}:assumed-role/{SECRET}"}
    return Thing("aws_caller_identity", name, attributes, mode="data", **settings)


def other(**settings: Any) -> Thing:
    return Thing("aws_secretsmanager_secret_version", "s", {"id": "AKIAOTHER", "secret_string": SECRET}, **settings)


def version_4(things: Sequence[Thing], **changes: Any) -> str:
    resources: dict[tuple[str, ...], dict[str, Any]] = {}
    for thing in things:
        place = (thing.module, thing.mode, thing.type, thing.name, thing.provider or "")
        head: dict[str, Any] = {"mode": thing.mode, "type": thing.type, "name": thing.name, "instances": []}
        if thing.module:
            head["module"] = thing.module
        if thing.provider:
            alias = thing.provider.removeprefix("aws")
            head["provider"] = f'provider["registry.terraform.io/hashicorp/aws"]{alias}'
        instance: dict[str, Any] = {"schema_version": 0, "attributes": thing.attributes}
        instance |= {"sensitive_attributes": [], "private": SECRET, "dependencies": list(thing.depends_on)}
        if thing.index is not None:
            instance["index_key"] = thing.index
        if thing.deposed:
            instance["deposed"] = thing.deposed
        if thing.instance_provider:
            instance["provider"] = thing.instance_provider
        resources.setdefault(place, head)["instances"].append(instance)
    state = {"version": 4, "terraform_version": "1.11.4", "serial": 7, "lineage": "0b7c"}
    outputs = {"secret": {"value": SECRET, "type": "string", "sensitive": True}}
    return json.dumps({**state, "outputs": outputs, "resources": list(resources.values()), **changes})


def shown(things: Sequence[Thing], **changes: Any) -> str:
    modules: dict[str, dict[str, Any]] = {"": {}}
    for thing in things:
        module = modules.setdefault(thing.module, {"address": thing.module})
        resource: dict[str, Any] = {"mode": thing.mode, "type": thing.type, "name": thing.name}
        resource |= {"address": "(not read)", "provider_name": "registry.terraform.io/hashicorp/aws"}
        resource |= {"schema_version": 0, "values": thing.attributes, "depends_on": list(thing.depends_on)}
        if thing.index is not None:
            resource["index"] = thing.index
        if thing.deposed:
            resource["deposed_key"] = thing.deposed
        module.setdefault("resources", []).append(resource)
    root = modules.pop("")
    if modules:
        # Terraform nests a module in the one that calls it; the addresses are absolute either way.
        root["child_modules"] = [{"address": "module.empty", "child_modules": list(modules.values())}]
    values = {"outputs": {"secret": {"value": SECRET, "sensitive": True}}, "root_module": root}
    return json.dumps({"format_version": "1.0", "terraform_version": "1.11.4", "values": values} | changes)


def plan(things: Sequence[Thing]) -> str:
    head = {"format_version": "1.2", "terraform_version": "1.11.4", "planned_values": {"root_module": {}}}
    return json.dumps(head | {"prior_state": json.loads(shown(things)), "variables": {"x": {"value": SECRET}}})


FORMS = {"state file": version_4, "show -json": shown, "show -json of a plan": plan}


def written(folder: Path, text: str | bytes, name: str = "state.json") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def readings(folder: Path, text: str) -> list[Reading]:
    """What `--from` reads in a state, with an empty inventory."""
    return list(open_saved(written(folder, text), {}).accounts)


def read(folder: Path, text: str) -> list[AccountRead]:
    """The accounts, all of which must be readable."""
    found = readings(folder, text)
    assert reasons(found) == []
    return [one for one in found if isinstance(one, AccountRead)]


def keys_of(found: Sequence[Reading]) -> dict[str, list[str | None]]:
    """Key ids by account, of the accounts that could be read."""
    accounts = [one for one in found if isinstance(one, AccountRead)]
    return {one.account.id: [each.id for who in one.users for each in who.keys] for one in accounts}


def unread(found: Sequence[Reading]) -> dict[tuple[str, str], str]:
    """By account and user, why not all keys of the user could be judged."""
    accounts = [one for one in found if isinstance(one, AccountRead)]
    return {(one.account.id, who.name): who.reason for one in accounts for who in one.unread}


def reasons(found: Sequence[Reading]) -> list[tuple[str | None, str]]:
    """The accounts that could not be read, and why."""
    return [(one.id, one.reason) for one in found if isinstance(one, AccountUnreadable)]
