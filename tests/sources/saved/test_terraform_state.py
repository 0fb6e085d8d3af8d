"""Terraform state: the addresses of access keys, and the state as a source by itself."""

import json
import shlex
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import md5
from pathlib import Path
from typing import Any

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

from checker.decision import User, decision
from checker.errors import Unreadable, UsageError
from checker.evaluate import AccountRead, Reading, evaluate
from checker.reports.advice import resolve
from checker.sources.saved import terraform_state
from checker.sources.saved.kinds import open_saved
from checker.sources.saved.terraform_state import managed_keys
from tests.generate.terraform_cli import InFolder, Terraform, terraform_in
from tests.sources.saved.terraform_states import (
    FORMS,
    ONE,
    SECRET,
    SPELLED,
    TWO,
    Thing,
    caller,
    found_user,
    key,
    keys_of,
    other,
    plan,
    read,
    readings,
    reasons,
    shown,
    user,
    version_4,
    written,
)
from tests.support.fixtures import NOW, policy
from tests.support.moto_server import moto_server

__all__ = ["terraform_in"]

forms = pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)


# Which keys Terraform manages


@pytest.mark.parametrize(
    "text",
    ['{"format_version":"1.0"}', version_4([]), shown([]), plan([]), '{"format_version":"1.2","planned_values":{}}'],
    ids=["no state", "empty state file", "empty show", "empty plan", "plan without prior state"],
)
def test_a_state_without_keys_has_no_addresses(tmp_path: Path, text: str) -> None:
    assert managed_keys([written(tmp_path, text)]) == {}


@forms
def test_other_types_and_data_sources_are_no_keys(tmp_path: Path, form: Any) -> None:
    looked_up = Thing("aws_iam_access_key", "d", {"id": "AKIA2", "user": "u"}, mode="data")
    things = [other(), looked_up, caller(ONE), user("u", ONE), found_user("f", ONE)]
    assert managed_keys([written(tmp_path, form(things))]) == {}


@forms
def test_an_address_is_spelled_as_terraform_spells_it(tmp_path: Path, form: Any) -> None:
    modules = {f"module.a{spelled}.module.b": spelled for spelled in SPELLED.values()} | {"": ""}
    places = [(module, index) for module in modules for index in SPELLED]
    things = [key(f"AKIA{n}", "u", index=index, module=module) for n, (module, index) in enumerate(places)]
    expected = {
        f"AKIA{n}": f"{module}{'.' if module else ''}aws_iam_access_key.k{SPELLED[index]}"
        for n, (module, index) in enumerate(places)
    }
    assert managed_keys([written(tmp_path, form(things))]) == expected


@forms
def test_a_deposed_key_has_the_address_of_terraforms_plans(tmp_path: Path, form: Any) -> None:
    things = [key("AKIANEW", "u", index=0), key("AKIAOLD", "u", index=0, deposed="0a1b2c3d")]
    assert managed_keys([written(tmp_path, form(things))]) == {
        "AKIANEW": "aws_iam_access_key.k[0]",
        "AKIAOLD": "aws_iam_access_key.k[0] (deposed object 0a1b2c3d)",
    }


@forms
def test_in_one_file_a_current_object_comes_before_a_deposed_one_then_the_first_address(
    tmp_path: Path, form: Any
) -> None:
    things = [
        key("AKIA1", "u", "a", deposed="0a1b2c3d"),
        key("AKIA1", "u", "z"),
        key("AKIA1", "u", "y"),
    ]
    for order in (things, things[::-1]):
        assert managed_keys([written(tmp_path, form(order))]) == {"AKIA1": "aws_iam_access_key.y"}


def test_of_several_files_the_one_named_first_tells_the_address(tmp_path: Path) -> None:
    first = written(tmp_path, version_4([key("AKIA1", "u", "z"), key("AKIA2", "u")]), "1")
    second = written(tmp_path, shown([key("AKIA1", "u", "a"), key("AKIA3", "u", "b")]), "2")
    theirs = {"AKIA2": "aws_iam_access_key.k", "AKIA3": "aws_iam_access_key.b"}
    assert managed_keys([first, second]) == {"AKIA1": "aws_iam_access_key.z"} | theirs
    assert managed_keys([second, first]) == {"AKIA1": "aws_iam_access_key.a"} | theirs
    assert managed_keys([]) == {}


# Files that are no state, or a broken one

STATE = version_4([key("AKIA1", "u"), other()])
SHOWN = shown([key("AKIA1", "u"), other()])


@pytest.mark.parametrize(
    "text",
    [
        "not json",
        "PK\x03\x04",
        "[]",
        "{}",
        '{"name":"x","version":"1.0.0"}',
        '{"schemaVersion":1,"takenAt":"2026-11-23T12:00:00Z","accounts":[]}',
        '{"format_version":"1.0","provider_schemas":{}}',
        '{"format_version":"1.0","resource":{},"diagnostics":[]}',
    ],
    ids=["text", "plan file", "list", "object", "package", "snapshot", "schemas", "one resource"],
)
def test_another_file_is_a_usage_error_that_says_what_to_do(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError, match=r"is no Terraform state: write one with `terraform show -json > state\.json`"):
        managed_keys([written(tmp_path, text)])


def test_an_empty_file_is_unreadable(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="the file is empty: save it again"):
        managed_keys([written(tmp_path, "")])


@pytest.mark.parametrize(("name", "message"), [("none.json", "No such file"), ("", "directory")])
def test_a_file_that_cannot_be_opened_is_a_usage_error(tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        managed_keys([tmp_path / name])


FLAT = STATE.replace('"attributes":', '"attributes_flat":', 1)
BROKEN: dict[str, tuple[str | bytes, str]] = {
    "encrypted": (json.dumps({"serial": 1, "meta": {}, "encrypted_data": SECRET, "encryption_version": "v0"}), "tofu "),
    "version 3": (version_4([], version=3), "state of version 3 is not known, this keyage reads version 4"),
    "version 5": (version_4([], version=5), "state of version 5 is not known"),
    "version of text": (version_4([], version=SECRET), "broken or cut off: Expected `int`, got `str`"),
    "no resources": (version_4([], resources=None), "Expected `array`, got `null`"),
    "format 2": (shown([], format_version="2.0"), "its format_version is not known, this keyage reads 0 and 1"),
    "prior format 2": (plan([]).replace('"1.0"', '"2.0"'), "its format_version is not known"),
    "0.11": (FLAT, "aws_iam_access_key.k is in the format of Terraform 0.11: run `terraform apply -refresh-only`"),
    "no values": (SHOWN.replace('"values": {"id"', '"other": {"id"'), "in the format of Terraform 0.11"),
    "null": (SHOWN.replace('"values": {"id"', '"values": null, "other": {"id"'), "Expected `object`, got `null`"),
    "no id": (STATE.replace('"id": "AKIA1", ', ""), "aws_iam_access_key.k: broken or cut off: Object missing required"),
    "id of number": (SHOWN.replace('"AKIA1"', "17"), "Expected `str`, got `int` - at `$.id`"),
    "index of number": (version_4([key("AKIA1", "u", index=0)]).replace('"index_key": 0', '"index_key": 0.5'), "float"),
    "not UTF-8": (
        STATE.encode().replace(b"AKIA1", b"\xff"),
        "state.json:1: byte 0xff is not UTF-8",
    ),
    "deep": (
        '{"format_version":"1.0","values":{"x":' + "[" * 99999 + "]" * 99999 + "}}",
        "maximum recursion depth exceeded",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_state_is_unreadable_and_its_content_is_not_quoted(tmp_path: Path, case: str) -> None:
    text, message = BROKEN[case]
    with pytest.raises(Unreadable) as raised:
        managed_keys([written(tmp_path, text)])
    assert message in str(raised.value)
    assert SECRET not in str(raised.value)


@given(
    st.sampled_from([STATE, SHOWN, plan([key("AKIA1", "u")])]).flatmap(
        lambda text: st.tuples(st.just(text), st.integers(1, len(text) - 1))
    )
)
def test_a_state_cut_off_anywhere_is_unreadable(case: tuple[str, int]) -> None:
    text, end = case
    with tempfile.TemporaryDirectory() as folder, pytest.raises(Unreadable, match="broken or cut off") as raised:
        managed_keys([written(Path(folder), text[:end])])
    assert SECRET not in str(raised.value)


def test_nothing_is_kept_that_could_be_a_secret(tmp_path: Path) -> None:
    things = [key("AKIA1", "u"), user("u", ONE), caller(ONE), other()]
    for form in FORMS.values():
        state = terraform_state.load(written(tmp_path, form(things)))
        assert len(state) == 3
        assert SECRET not in repr(state)


# In which account a key is


def test_a_provider_has_one_account(tmp_path: Path) -> None:
    things = [
        user("svc", TWO, "two", provider="aws.two"),
        key("AKIA2", "svc", "two", provider="aws.two"),
        user("svc", ONE, "one"),
        key("AKIA1", "svc", "one"),
    ]
    assert keys_of(read(tmp_path, version_4(things))) == {ONE: ["AKIA1"], TWO: ["AKIA2"]}


def test_a_user_of_the_same_name_proves_nothing(tmp_path: Path) -> None:
    things = [user("svc", ONE), key("AKIA2", "svc", provider="aws.two")]
    found = readings(tmp_path, version_4(things))
    assert keys_of(found) == {ONE: []}
    assert reasons(found) == [
        (
            None,
            (
                "the account of aws_iam_access_key.k is not certain: give the provider of each a data source"
                " aws_caller_identity, run `terraform apply -refresh-only` and save the state anew, or judge live IAM"
            ),
        )
    ]
    found = readings(tmp_path, shown(things))
    assert keys_of(found) == {ONE: []}
    assert reasons(found) == [
        (
            None,
            (
                "the account of aws_iam_access_key.k is not certain: save the state with"
                " `terraform state pull > state.json`, which tells the provider of each, or judge live IAM"
            ),
        )
    ]


@forms
def test_a_key_is_in_the_account_of_the_user_it_depends_on(tmp_path: Path, form: Any) -> None:
    things = [
        user("svc", ONE, "one"),
        user("svc", TWO, "two", provider="aws.two"),
        user("other", TWO, "other", provider="aws.two"),
        key("AKIA1", "svc", "a", provider="aws.region", depends_on=["aws_iam_user.one", "aws_iam_user.other"]),
        key("AKIA2", "svc", "b", provider="aws.region", depends_on=["aws_iam_user.two"]),
    ]
    assert keys_of(read(tmp_path, form(things))) == {ONE: ["AKIA1"], TWO: ["AKIA2"]}


@forms
def test_a_key_that_depends_on_users_of_its_name_in_two_accounts_is_not_placed(tmp_path: Path, form: Any) -> None:
    things = [
        user("svc", ONE, "one"),
        user("svc", TWO, "two", provider="aws.two"),
        key("AKIA1", "svc", provider="aws.region", depends_on=["aws_iam_user.one", "aws_iam_user.two"]),
    ]
    found = readings(tmp_path, form(things))
    assert (keys_of(found), [account for account, _reason in reasons(found)]) == ({ONE: [], TWO: []}, [None])


@forms
def test_in_a_module_with_instances_a_key_depends_on_the_user_in_its_own(tmp_path: Path, form: Any) -> None:
    accounts = {'module.m["a"]': ONE, 'module.m["b.c[0]"]': TWO}
    things = [user("svc", account, module=module) for module, account in accounts.items()]
    things += [
        key(f"AKIA{account[0]}", "svc", module=module, provider=None, depends_on=["module.m.aws_iam_user.u"])
        for module, account in accounts.items()
    ]
    assert keys_of(read(tmp_path, form(things))) == {ONE: ["AKIA1"], TWO: ["AKIA2"]}


def test_a_provider_that_opentofu_names_at_the_instance_is_the_one(tmp_path: Path) -> None:
    things = [
        key("AKIA1", "svc", index="a", provider=None, instance_provider='provider["x"].by["a"]'),
        key("AKIA2", "svc", index="b", provider=None, instance_provider='provider["x"].by["b"]'),
        caller(ONE, provider=None, instance_provider='provider["x"].by["a"]'),
        caller(TWO, provider=None, index=1, instance_provider='provider["x"].by["b"]'),
    ]
    assert keys_of(read(tmp_path, version_4(things))) == {ONE: ["AKIA1"], TWO: ["AKIA2"]}


def test_a_provider_with_two_accounts_is_of_no_certain_one(tmp_path: Path) -> None:
    things = [user("a", ONE, "a"), user("b", TWO, "b"), key("AKIA1", "a", depends_on=["aws_iam_user.a"])]
    found = readings(tmp_path, version_4(things))
    assert (keys_of(found), [account for account, _reason in reasons(found)]) == ({ONE: [], TWO: []}, [None])


@pytest.mark.parametrize("arn", [None, "absent", "", "arn:aws:iam::12345:user/u", "user/u"])
def test_a_user_without_an_account_in_the_arn_has_that_of_the_provider(tmp_path: Path, arn: str | None) -> None:
    things = [user("u", ONE, attributes={"arn": arn})]
    assert [account for account, _reason in reasons(readings(tmp_path, version_4(things)))] == [None]
    [account] = read(tmp_path, version_4([*things, caller(ONE)]))
    assert [who.name for who in account.users] == ["u"]


def test_other_partitions_have_accounts_too(tmp_path: Path) -> None:
    things = [user("u", ONE, attributes={"arn": f"arn:aws-us-gov:iam::{ONE}:user/u"}), key("AKIA1", "u")]
    assert keys_of(read(tmp_path, version_4(things))) == {ONE: ["AKIA1"]}


def test_what_is_in_no_certain_account_is_named_but_not_without_end(tmp_path: Path) -> None:
    things = [key(f"AKIA{number}", "u", index=number) for number in range(5)]
    [(account, reason)] = reasons(readings(tmp_path, shown(things)))
    listed = "aws_iam_access_key.k[0], aws_iam_access_key.k[1], aws_iam_access_key.k[2] and 2 more"
    assert (account, listed in reason) == (None, True)


# Laws

PROVIDERS = {"aws": ONE, "aws.region": ONE, "aws.two": TWO}  # the truth
MODULES = {f"module.m{spelled}": "module.m." for spelled in SPELLED.values()} | {"": ""}
modules = st.sampled_from(sorted(MODULES))
indexes = st.sampled_from(list(SPELLED))
providers = st.sampled_from(sorted(PROVIDERS))
names = st.sampled_from(["ann", "bob"])


@st.composite
def states(draw: st.DrawFn, *, linked: bool) -> list[Thing]:
    """Objects as Terraform keeps them: a resource has one provider, and depends on users of its own account."""
    things: dict[tuple[object, ...], Thing] = {}
    for _number in range(draw(st.integers(1, 6))):
        provider, module, index, name = draw(providers), draw(modules), draw(indexes), draw(names)
        account = PROVIDERS[provider]
        resource = f"u_{provider.replace('.', '_')}"
        things[module, resource, index] = user(name, account, resource, index=index, module=module, provider=provider)
    users = list(things.values())
    for number in range(draw(st.integers(1, 6))):
        provider, module, index = draw(providers), draw(modules), draw(indexes)
        his = draw(st.sampled_from(users))
        account = PROVIDERS[his.provider or ""]
        provider = draw(st.sampled_from([each for each, where in PROVIDERS.items() if where == account]))
        depends_on = [f"{MODULES[his.module]}aws_iam_user.{his.name}"] if linked or draw(st.booleans()) else []
        settings: dict[str, Any] = {"module": module, "index": index, "provider": provider, "depends_on": depends_on}
        made = key(f"AKIA{number}", his.attributes["name"], f"k_{provider.replace('.', '_')}", **settings)
        things[module, made.name, index] = made
    for provider in draw(st.sets(providers)):
        things["caller", provider] = caller(PROVIDERS[provider], f"c_{len(provider)}", provider=provider)
    return draw(st.permutations(list(things.values())))


def _read(things: Sequence[Thing], form: Any) -> tuple[dict[str, str], list[Reading]]:
    with tempfile.TemporaryDirectory() as folder:
        found = readings(Path(folder), form(things))
        return managed_keys([Path(folder) / "state.json"]), found


@given(states(linked=True))
def test_both_forms_tell_the_same(things: list[Thing]) -> None:
    expected = _read(things, version_4)
    assert _read(things, shown) == expected
    assert _read(things, plan) == expected


@given(states(linked=False))
def test_no_key_is_in_a_wrong_account_and_none_is_lost(things: list[Thing]) -> None:
    truth = {
        each.attributes["id"]: PROVIDERS[each.provider or ""] for each in things if each.type == "aws_iam_access_key"
    }
    placed = {}
    for form in (version_4, shown):
        addresses, found = _read(things, form)
        assert addresses.keys() == truth.keys()
        placed[form] = {key_id: account for account, keys in keys_of(found).items() for key_id in keys}
        assert {**truth, **placed[form]} == truth
        assert bool(reasons(found)) == (placed[form] != truth)
    assert placed[shown].items() <= placed[version_4].items()


# The real thing

OPTIONS = ("-auto-approve", "-input=false", "-no-color")
DEPOSED = "0a1b2c3d"

INSIDE = """.aws_iam_access_key.this["$${x} \\"q\\" it's"]"""


def module(folder: Path, teams: list[str]) -> Path:
    shutil.copytree(Path(__file__).parent / "terraform_files", folder, dirs_exist_ok=True)
    written(folder, json.dumps({"teams": teams}), "terraform.tfvars.json")
    return folder


def client(endpoint: str) -> Any:
    return boto3.client("iam", region_name="us-east-1", endpoint_url=endpoint)


def in_iam(iam: Any) -> list[User]:
    """What IAM has, by user name."""
    found = []
    for name in sorted(each["UserName"] for each in iam.list_users()["Users"]):
        one = iam.get_user(UserName=name)["User"]
        tags = {tag["Key"]: tag["Value"] for tag in iam.list_user_tags(UserName=name)["Tags"]}
        listed = iam.list_access_keys(UserName=name)["AccessKeyMetadata"]
        keys = [
            decision.AccessKey(
                key["AccessKeyId"], key["Status"], key["CreateDate"].replace(microsecond=0), use_known=False
            )
            for key in listed
        ]
        found.append(decision.User(name, one["Path"], tags, one["UserId"], one["Arn"], None, tuple(keys)))
    return found


@dataclass(frozen=True)
class Applied:
    """What Terraform made for teams that are called as the keys of SPELLED are."""

    terraform: Terraform
    endpoint: str
    teams: dict[str, str]  # how Terraform spells each

    @property
    def state(self) -> Path:
        return self.terraform.folder / "terraform.tfstate"


@pytest.fixture(scope="module")
def applied(tmp_path_factory: pytest.TempPathFactory, terraform_in: InFolder) -> Iterator[Applied]:
    teams = {index: spelled for index, spelled in SPELLED.items() if isinstance(index, str)} | {"": '[""]'}
    with pytest.MonkeyPatch.context() as patch, mock_aws(), moto_server() as endpoint:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "testing")
        terraform = terraform_in(module(tmp_path_factory.mktemp("applied"), list(teams)), endpoint)
        terraform.run("apply", *OPTIONS)
        yield Applied(terraform, endpoint, teams)


@pytest.mark.sources
def test_what_the_real_terraform_writes_is_what_iam_has(applied: Applied, tmp_path: Path) -> None:
    terraform, endpoint, teams = applied.terraform, applied.endpoint, applied.teams
    listed = [line for line in terraform.run("state", "list").splitlines() if "aws_iam_access_key" in line]
    robots = ["aws_iam_access_key.robot[0]", "aws_iam_access_key.robot[1]"]
    assert sorted(listed) == sorted([*robots, *(f"module.team{each}{INSIDE}" for each in teams.values())])
    expected = in_iam(client(endpoint))
    shown_by_terraform = written(tmp_path, terraform.run("show", "-json"), "shown.json")
    for path in (applied.state, shown_by_terraform):
        addresses = managed_keys([path])
        assert sorted(addresses.values()) == sorted(listed)
        assert addresses.keys() == {each.id for who in expected for each in who.keys}
        [account] = open_saved(path, {}).accounts
        assert isinstance(account, AccountRead)
        assert (account.account.id, account.users) == ("123456789012", expected)


@pytest.mark.sources
def test_the_advice_replaces_a_key_and_destroys_a_deposed_one(applied: Applied, tmp_path: Path) -> None:
    terraform, state, iam = applied.terraform, applied.state, client(applied.endpoint)
    before = in_iam(iam)
    depose(state, iam.create_access_key(UserName="robot-0")["AccessKey"]["AccessKeyId"])

    opened = open_saved(state, {})
    [account] = opened.accounts
    team = "two words"
    result = evaluate(policy(), account, datetime(2100, 1, 1, tzinfo=UTC), show_all=True, addresses=opened.addresses)
    advice = {one.terraform_address: resolve(one, NOW) for one in result.findings}
    deposed, replaced = f"aws_iam_access_key.robot[0] (deposed object {DEPOSED})", f'module.team["{team}"]{INSIDE}'
    assert "terraform apply" in "\n".join(advice[deposed])
    [command] = [line.partition("terraform plan ")[2] for line in advice[replaced] if "terraform plan " in line]

    said = terraform.run("plan", *shlex.split(command), "-input=false", "-no-color", "-out=planned")
    assert f"# {replaced} will be replaced, as requested\n+/- resource" in said
    assert f"# {deposed} will be destroyed" in said
    planned = written(tmp_path, terraform.run("show", "-json", "planned"), "planned.json")
    assert managed_keys([planned]) == opened.addresses
    assert list(opened.addresses.values()).count(deposed) == 1
    terraform.run("apply", "-input=false", "-no-color", "planned")
    after = in_iam(iam)
    assert [(who.name, len(who.keys)) for who in after] == [(who.name, len(who.keys)) for who in before]
    replaced_of = f"team-{md5(team.encode(), usedforsecurity=False).hexdigest()}"
    assert [who.name for who, then in zip(after, before, strict=True) if who.keys != then.keys] == [replaced_of]


def depose(state: Path, key_id: str) -> None:
    """Put a key into a state file as Terraform leaves one there that it could not destroy."""
    content = json.loads(state.read_text())
    [robots] = [
        each for each in content["resources"] if (each["type"], each["name"]) == ("aws_iam_access_key", "robot")
    ]
    current = robots["instances"][0]
    attributes = current["attributes"] | {"id": key_id}
    robots["instances"].append(current | {"deposed": DEPOSED, "attributes": attributes})
    state.write_text(json.dumps(content))
