"""What AWS Organizations is asked, and what is made of its answers."""

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from typing import Any

import boto3
import pytest

from checker.embedded import aws
from checker.errors import Unreadable
from checker.evaluate import AccountSkipped
from checker.sources import organization
from checker.sources.aws.session import ReadOnlySession
from tests.fakes.stand_ins import Act, answer, organization_pages_of, refuse_json
from tests.support.fixtures import ACCOUNT, Emulated

Reads = dict[str, tuple[str | None, str | None, Mapping[str, str] | None]]


class Organized:
    """An organization in the emulated AWS, ACCOUNT manages it."""

    def __init__(self, emulated: Emulated, stack: ExitStack) -> None:
        self.emulated = emulated
        self.stack = stack
        credentials = aws.credentials_for(ACCOUNT)
        self.session = ReadOnlySession(credentials=credentials)
        keys = (credentials["AccessKeyId"], credentials["SecretAccessKey"], credentials["SessionToken"])
        self.client: Any = boto3.Session(*keys, "us-east-1").client("organizations")
        self.client.create_organization(FeatureSet="ALL")
        self.root: str = self.client.list_roots()["Roots"][0]["Id"]
        self.emulated.faults.requests.clear()

    def unit(self, name: str, parent: str) -> str:
        made = self.client.create_organizational_unit(ParentId=parent, Name=name)
        return str(made["OrganizationalUnit"]["Id"])

    def account(self, name: str, unit: str | None = None, **tags: str) -> str:
        listed = [{"Key": key, "Value": value} for key, value in tags.items()]
        made = self.client.create_account(AccountName=name, Email=f"{name}@example.com", Tags=listed)
        account_id = str(made["CreateAccountStatus"]["AccountId"])
        if unit:
            self.client.move_account(AccountId=account_id, SourceParentId=self.root, DestinationParentId=unit)
        return account_id

    def read(self, *, ous: bool = True, tags: bool = True) -> Reads:
        self.emulated.faults.requests.clear()
        found = organization.read(self.session, ous=ous, tags=tags).accounts
        assert [account.id for account in found] == sorted(account.id for account in found)
        return {account.id: (account.name, account.ou, account.tags) for account in found}

    @property
    def requests(self) -> dict[str, int]:
        return dict(self.emulated.faults.requests)


@pytest.fixture
def organized(emulated: Emulated) -> Iterator[Organized]:
    with ExitStack() as stack:
        yield Organized(emulated, stack)


def test_only_names_are_asked_for_where_nothing_else_is_wanted(organized: Organized) -> None:
    account = organized.account("web", env="prod")
    assert organized.read(ous=False, tags=False) == {
        ACCOUNT: ("master", None, None),
        account: ("web", None, None),
    }
    assert organized.requests == {"ListAccounts": 1}


def test_ous_are_names_down_from_the_root(organized: Organized) -> None:
    workloads = organized.unit("Workloads", organized.root)
    prod = organized.unit("Prod", workloads)
    organized.unit("Empty", prod)
    ids = [organized.account("a", prod), organized.account("b", workloads), organized.account("c")]
    found = {account_id: ou for account_id, (_name, ou, _tags) in organized.read(tags=False).items()}
    assert found == {
        ACCOUNT: "Root",
        ids[0]: "Root/Workloads/Prod",
        ids[1]: "Root/Workloads",
        ids[2]: "Root",
    }
    assert organized.requests == {
        "ListAccounts": 1,
        "ListRoots": 1,
        "ListAccountsForParent": 4,
        "ListOrganizationalUnitsForParent": 4,
    }


def test_tags_are_those_of_each_account(organized: Organized) -> None:
    tagged, plain = organized.account("a", env="prod", team="x"), organized.account("b")
    found = {account_id: tags for account_id, (_name, _ou, tags) in organized.read(ous=False).items()}
    assert found == {ACCOUNT: {}, tagged: {"env": "prod", "team": "x"}, plain: {}}


@pytest.mark.parametrize("size", [1, 2])
def test_every_page_is_read(organized: Organized, size: int) -> None:
    organized.stack.enter_context(organization_pages_of(size))
    units = [organized.unit(f"unit{number}", organized.root) for number in range(5)]
    expected = {organized.account(f"n{number}", units[number % 5]): f"Root/unit{number % 5}" for number in range(12)}
    found = {account_id: ou for account_id, (_name, ou, _tags) in organized.read(tags=False).items()}
    assert found == expected | {ACCOUNT: "Root"}


def test_an_empty_page_is_not_the_last(organized: Organized) -> None:
    empty = json.dumps({"Accounts": [], "NextToken": "more"})
    full = json.dumps({"Accounts": [{"Id": "444455556666", "Name": "late", "State": "ACTIVE"}]})
    organized.emulated.faults.plan("ListAccounts", answer(empty), 1)
    organized.emulated.faults.plan("ListAccounts", answer(full), 1)
    assert organized.read(ous=False, tags=False) == {"444455556666": ("late", None, None)}


def test_accounts_that_are_not_active_are_skipped(organized: Organized) -> None:
    closed = organized.account("old-team")
    organized.client.close_account(AccountId=closed)
    found = organization.read(organized.session, ous=True, tags=True)
    assert [account.id for account in found.accounts] == [ACCOUNT]
    assert found.skipped == [AccountSkipped(closed, "old-team", "SUSPENDED")]


@pytest.mark.parametrize(
    ("told", "skipped"),
    [
        ({"State": "ACTIVE"}, None),
        ({"Status": "ACTIVE"}, None),
        ({}, None),
        ({"State": "PENDING_CLOSURE", "Status": "ACTIVE"}, "PENDING_CLOSURE"),
        ({"State": "CLOSED"}, "CLOSED"),
        ({"State": "PENDING_ACTIVATION"}, "PENDING_ACTIVATION"),
        ({"Status": "SUSPENDED"}, "SUSPENDED"),
    ],
)
def test_state_counts_before_the_retired_status(
    organized: Organized, told: dict[str, str], skipped: str | None
) -> None:
    listed = json.dumps({"Accounts": [{"Id": "444455556666", "Name": "n"} | told]})
    organized.emulated.faults.plan("ListAccounts", answer(listed))
    found = organization.read(organized.session, ous=False, tags=False)
    assert [one.state for one in found.skipped] == ([skipped] if skipped else [])
    assert len(found.accounts) == (0 if skipped else 1)


def test_an_account_that_moves_meanwhile_is_asked_for_by_itself(organized: Organized) -> None:
    account = organized.account("moving", organized.unit("A", organized.root))
    organized.emulated.faults.plan("ListAccountsForParent", answer('{"Accounts": []}'))
    found = {account_id: ou for account_id, (_name, ou, _tags) in organized.read(tags=False).items()}
    assert found == {ACCOUNT: "Root", account: "Root/A"}
    assert organized.requests["ListParents"] == 2


def test_an_account_that_moves_to_a_new_ou_has_no_known_ou(organized: Organized) -> None:
    organized.emulated.faults.plan("ListAccountsForParent", answer('{"Accounts": []}'))
    organized.emulated.faults.plan("ListParents", answer('{"Parents": [{"Id": "ou-new", "Type": "OU"}]}'))
    assert organized.read(tags=False) == {ACCOUNT: ("master", None, None)}


DENIED = refuse_json("AccessDeniedException")
NOT_IN_USE = refuse_json("AWSOrganizationsNotInUseException")
HARD = refuse_json("TooManyRequestsException")


@pytest.mark.parametrize(
    ("operation", "act", "says"),
    [
        ("ListAccounts", NOT_IN_USE, "is in no organization: check it without --organization"),
        ("ListAccounts", DENIED, "name the accounts with --inventory FILE"),
        ("ListRoots", DENIED, "ListRoots was denied: allow what `keyage permissions inventory` prints"),
        ("ListTagsForResource", DENIED, "ListTagsForResource was denied"),
        ("ListAccountsForParent", HARD, "AWS kept throttling ListAccountsForParent"),
        ("ListOrganizationalUnitsForParent", refuse_json("ServiceException"), "failed with ServiceException"),
        ("ListAccounts", refuse_json("ExpiredTokenException"), "the credentials expired"),
    ],
)
def test_an_organization_that_cannot_be_read_is_no_empty_one(
    organized: Organized, operation: str, act: Act, says: str
) -> None:
    organized.emulated.faults.plan(operation, act)
    with pytest.raises(Unreadable) as raised:
        organized.read()
    assert says in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("act", "says"),
    [(NOT_IN_USE, "is in no organization: there is nothing to list"), (DENIED, "or write accounts.yaml by hand")],
)
def test_an_inventory_is_not_advised_to_use_an_option_that_it_lacks(organized: Organized, act: Act, says: str) -> None:
    organized.emulated.faults.plan("ListAccounts", act)
    with pytest.raises(Unreadable) as raised:
        organization.read(organized.session, ous=True, tags=True, otherwise=organization.FOR_INVENTORY)
    assert says in str(raised.value)
    assert "--" not in str(raised.value)


def test_an_account_without_a_name_is_one_whose_name_is_not_known(organized: Organized) -> None:
    listed = json.dumps({"Accounts": [{"Id": "444455556666", "State": "ACTIVE"}]})
    organized.emulated.faults.plan("ListAccounts", answer(listed), 1)
    assert organized.read(ous=False, tags=False) == {"444455556666": (None, None, None)}


@pytest.mark.parametrize(
    ("operation", "body"),
    [
        ("ListRoots", {"Roots": [{"Id": "r-1"}]}),
        ("ListOrganizationalUnitsForParent", {"OrganizationalUnits": [{"Id": "ou-1-1"}]}),
    ],
)
def test_without_the_name_of_an_ou_no_path_is_known(
    organized: Organized, operation: str, body: dict[str, object]
) -> None:
    organized.emulated.faults.plan(operation, answer(json.dumps(body)), 1)
    with pytest.raises(Unreadable, match="without its name"):
        organized.read()


@pytest.mark.parametrize(
    ("status", "says"),
    [(200, "something else than AWS answered"), (403, "something else than AWS answered"), (503, "failed with 503")],
)
def test_a_page_of_html_is_no_organization(organized: Organized, status: int, says: str) -> None:
    organized.emulated.faults.plan("ListAccounts", answer("<html><body>Sign in</body></html>", status))
    with pytest.raises(Unreadable, match=says) as raised:
        organized.read()
    assert "<html>" not in str(raised.value)


def test_throttling_that_ends_is_waited_for(organized: Organized) -> None:
    account = organized.account("web")
    organized.emulated.faults.plan("ListAccounts", HARD, 5)
    assert set(organized.read(ous=False, tags=False)) == {ACCOUNT, account}
    assert organized.requests["ListAccounts"] == 6
    assert organized.emulated.time.slept > 0


@pytest.mark.parametrize("body", ["", "{}", '{"Accounts": [{"Id": "11', '{"Accounts": [{"Name": "a"}]}'])
def test_half_an_answer_is_asked_for_again(organized: Organized, body: str) -> None:
    made = organized.account("web", organized.unit("Workloads", organized.root), team="a")
    whole = organized.read()
    for operation in ("ListAccounts", "ListRoots", "ListAccountsForParent", "ListTagsForResource"):
        organized.emulated.faults.plan(operation, answer(body), 2)
    assert organized.read() == whole
    assert whole[made] == ("web", "Root/Workloads", {"team": "a"})


def test_half_an_answer_that_stays_half_is_unreadable(organized: Organized) -> None:
    organized.emulated.faults.plan("ListAccounts", answer('{"Accounts": [{"Id": "11'))
    with pytest.raises(Unreadable, match="half of it came"):
        organized.read()
