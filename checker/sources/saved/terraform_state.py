"""Terraform state: which access keys Terraform manages, and what it knows of them and of their users.

Reads state files of version 4 (Terraform from 0.12, OpenTofu) and what `terraform show -json` prints of a state or of
a saved plan, which holds the state before it (Terraform documentation, "JSON Output Format"). State is full of
secrets: only the fields that are declared here are decoded, and no message quotes the value of an attribute.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

import msgspec

from checker.encoding import FileText, read_utf8, require_utf8
from checker.errors import Unreadable, UsageError
from checker.members import refuse_repeated

T = TypeVar("T")
Members = dict[str, msgspec.Raw]
Tags = dict[str, str | None]
NOTHING, NULL, EMPTY = msgspec.Raw(b""), msgspec.Raw(b"null"), msgspec.Raw(b"{}")
INSTANCE_KEY = re.compile(r'\[(?:-?\d+|"(?:[^"\\]|\\.)*")\]')
OPENING = re.compile(rb'\s*\{\s*"(?:version|format_version|terraform_version|serial|lineage|meta|encrypted_data)"')
OF_A_STATE_FILE = {"lineage", "serial", "terraform_version"}
OF_A_SHOWN_PLAN = {"planned_values", "resource_changes", "configuration", "prior_state"}
OF_A_SHOWN_STATE = {"format_version", "terraform_version", "values", "checks"}
KNOWN_FORMATS = {"0", "1"}  # major versions of what `terraform show -json` prints; 0 until Terraform 1.1
ESCAPES = str.maketrans({"\n": r"\n", "\r": r"\r", "\t": r"\t", '"': r"\"", "\\": r"\\"})
REFRESH = "run `terraform apply -refresh-only` and save the state anew"


class Key(msgspec.Struct, frozen=True):
    """aws_iam_access_key: `user` is the user's name; `create_date` is CreateDate, since provider version 3.27.0."""

    id: str
    user: str
    status: str | None = None
    create_date: str | None = None


class ManagedUser(msgspec.Struct, frozen=True):
    """aws_iam_user: `tags_all` are `tags` with the provider's default_tags; in old versions there are only `tags`."""

    name: str
    unique_id: str | None = None
    arn: str | None = None
    path: str | None = None
    tags: Tags | msgspec.UnsetType | None = msgspec.UNSET
    tags_all: Tags | None = None


class FoundUser(msgspec.Struct, frozen=True):
    """data.aws_iam_user: a user whom Terraform has looked up, and does not manage."""

    name: str = msgspec.field(name="user_name")
    unique_id: str | None = msgspec.field(name="user_id", default=None)
    arn: str | None = None
    path: str | None = None
    tags: Tags | msgspec.UnsetType | None = msgspec.UNSET
    tags_all: None = None


class Caller(msgspec.Struct, frozen=True):
    """data.aws_caller_identity: the account of a provider's credentials."""

    account_id: str | None = None


class Broken(msgspec.Struct, frozen=True):
    """An object of these types of which nothing is known; `reason` names the file and the object, and no value."""

    reason: str


Content = Key | ManagedUser | FoundUser | Caller | Broken
CONTENTS: Mapping[tuple[str, str], type[Content]] = {
    ("managed", "aws_iam_access_key"): Key,
    ("managed", "aws_iam_user"): ManagedUser,
    ("data", "aws_iam_user"): FoundUser,
    ("data", "aws_caller_identity"): Caller,
}


class _Instance(msgspec.Struct):
    """Of a state file; OpenTofu names the provider here if the instances of a resource have different ones."""

    index_key: int | str | None = None
    deposed: str = ""
    provider: str | None = None
    attributes: msgspec.Raw = NOTHING
    dependencies: list[str] = []


class _Resource(msgspec.Struct):
    """Of a state file, with instances; `terraform show -json` prints each by itself, and no alias of its provider."""

    mode: str
    type: str
    name: str
    module: str = ""
    provider: str | None = None
    instances: msgspec.Raw = NULL
    index: int | str | None = None
    deposed_key: str = ""
    values: msgspec.Raw = NOTHING
    depends_on: list[str] = []


class _Module(msgspec.Struct):
    """As `terraform show -json` prints it."""

    address: str = ""
    resources: list[_Resource] = []
    child_modules: list["_Module"] = []


class StateObject(NamedTuple):
    """An object that a state holds. `address` is Terraform's spelling, for a deposed object that of its plans."""

    address: str
    deposed: bool
    module: str
    resource: str  # the address without instance keys, as dependencies are written
    provider: str | None  # with its alias; None where the state does not tell
    depends_on: Sequence[str]
    content: Content


def is_state(data: bytes) -> bool:
    """Whether a JSON file looks as if Terraform or OpenTofu wrote it, be it cut off, encrypted or not a state."""
    try:
        members = msgspec.json.decode(data, type=Members)
    except (ValueError, RecursionError):
        return OPENING.match(data) is not None
    return not {"format_version", "encrypted_data"}.isdisjoint(members) or _is_state_file(members)


def managed_keys(paths: Sequence[Path]) -> dict[str, str]:
    """The Terraform address of every access key in the states, by access key id; raises as `load` does.

    A key that stands in several places has the address in the file named first; in one file a current object comes
    before a deposed one, then the address that sorts first.
    """
    by_key_id: dict[str, str] = {}
    for path in paths:
        by_key_id = addresses(load(path)) | by_key_id
    return by_key_id


def managed_users(paths: Sequence[Path]) -> dict[str, str]:
    """The Terraform address of every user in the states, by name; raises as `load` does."""
    found = [state_object for path in paths for state_object in load(path)]
    return {each.content.name: each.address for each in found if isinstance(each.content, ManagedUser)}


def addresses(state: Sequence[StateObject]) -> dict[str, str]:
    """The address of every access key in one state, by access key id."""
    return {
        state_object.content.id: state_object.address
        for state_object in reversed(state)
        if isinstance(state_object.content, Key)
    }


def load(path: Path) -> list[StateObject]:
    """The access keys, users and callers in a state, current objects before deposed ones, by address.

    Raises UsageError for a file that is no Terraform state, Unreadable for one that is broken, encrypted or of an
    unknown version, also in one of these objects.
    """
    state = parse(FileText(read_utf8(path), path))
    for state_object in state:
        if isinstance(state_object.content, Broken):
            raise Unreadable(state_object.content.reason)
    return state


def parse(text: FileText) -> list[StateObject]:
    """What `load` gives, from the bytes of the file; raises as it does, but not for a single object."""
    path = text.path
    if not text.data.lstrip().startswith(b"{"):
        raise _no_state(path)
    require_utf8(*text)
    members = _decode(Members, text.data, path)
    if "encrypted_data" in members:
        raise Unreadable(f"{path} is encrypted: let OpenTofu decrypt it, with `tofu state pull > state.json`")
    if "format_version" in members:
        objects = _shown(members, path)
    elif _is_state_file(members):
        objects = _of_version_4(members, path)
    else:
        raise _no_state(path)
    try:
        refuse_repeated(text.data)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"{path}: {error}") from None
    return sorted(
        objects,
        key=lambda state_object: (
            isinstance(state_object.content, FoundUser),
            state_object.deposed,
            state_object.address,
        ),
    )


def _is_state_file(members: Members) -> bool:
    return "version" in members and not OF_A_STATE_FILE.isdisjoint(members)


def _no_state(path: Path) -> UsageError:
    return UsageError(
        f"{path} is no Terraform state: write one with `terraform show -json > state.json`,"
        " or from a saved plan with `terraform show -json PLANFILE > state.json`"
    )


def _of_version_4(members: Members, path: Path) -> Iterator[StateObject]:
    version = _decode(int, members["version"], path)
    if version != 4:
        raise Unreadable(
            f"{path}: state of version {version} is not known, this keyage reads version 4:"
            " write it anew with `terraform show -json > state.json`"
        )
    for resource in _decode(list[_Resource], members.get("resources", NULL), path):
        if (resource.mode, resource.type) in CONTENTS:
            for instance in _decode(list[_Instance], resource.instances, path):
                yield _state_object(resource, instance, path)


def _shown(members: Members, path: Path) -> Iterator[StateObject]:
    _check_format(members, path)
    if not members.keys().isdisjoint(OF_A_SHOWN_PLAN):
        members = _decode(Members, members.get("prior_state", EMPTY), path)
        _check_format(members, path)
    elif "values" not in members and members.keys() - OF_A_SHOWN_STATE:
        raise _no_state(path)
    values = _decode(Members, members.get("values", EMPTY), path)
    modules = [_decode(_Module, values.get("root_module", EMPTY), path)]
    while modules:
        module = modules.pop()
        modules += module.child_modules
        for resource in module.resources:
            if (resource.mode, resource.type) in CONTENTS:
                resource.module = module.address
                yield _state_object(
                    resource,
                    _Instance(resource.index, resource.deposed_key, None, resource.values, resource.depends_on),
                    path,
                )


def _check_format(members: Members, path: Path) -> None:
    version = _decode(str, members.get("format_version", msgspec.Raw(b'"1.0"')), path)
    if version.partition(".")[0] not in KNOWN_FORMATS:
        raise Unreadable(f"{path}: its format_version is not known, this keyage reads 0 and 1: use a newer keyage")


def _state_object(resource: _Resource, instance: _Instance, path: Path) -> StateObject:
    module = f"{resource.module}." if resource.module else ""
    whole = f"{module}{'data.' if resource.mode == 'data' else ''}{resource.type}.{resource.name}"
    address = whole + _index(instance.index_key)
    content = _content(resource, instance, path, address)
    if instance.deposed:
        address += f" (deposed object {instance.deposed})"
    of_config, provider = INSTANCE_KEY.sub("", whole), instance.provider or resource.provider
    return StateObject(
        address, bool(instance.deposed), resource.module, of_config, provider, instance.dependencies, content
    )


def _content(resource: _Resource, instance: _Instance, path: Path, address: str) -> Content:
    if not bytes(instance.attributes):
        return Broken(f"{path}: {address} is in the format of Terraform 0.11: {REFRESH}")
    try:
        return _decode(CONTENTS[resource.mode, resource.type], instance.attributes, path, f": {address}")
    except Unreadable as error:
        return Broken(str(error))


def _index(key: int | str | None) -> str:
    """`[0]` or `["key"]` with the escapes of HCL, as Terraform writes them (toHCLQuotedString); empty without a key."""
    if not isinstance(key, str):
        return "" if key is None else f"[{key}]"
    escaped = re.sub(r"([$%])(?=\{)", r"\1\1", key.translate(ESCAPES))
    return (
        '["' + "".join(character if character.isprintable() else _code(ord(character)) for character in escaped) + '"]'
    )


def _code(number: int) -> str:
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def _decode(kind: type[T], data: bytes | msgspec.Raw, path: Path, place: str = "") -> T:
    try:
        return msgspec.json.decode(data, type=kind)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"{path}{place}: broken or cut off: {error}; write it anew") from None
