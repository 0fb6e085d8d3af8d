"""`keyage check --from-aggregator`: what it says, and with which exit code it ends."""

import json
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest
from moto import mock_aws

from checker.embedded import aws, config_service, hosts
from checker.errors import Unreadable, UsageError
from checker.generate.deployment import deployment
from checker.policy import inventory, loader
from checker.scan.whole_account import read_all
from checker.sources.aws.session import ReadOnlySession
from checker.sources.saved.snapshot import write_json
from tests.fakes.aggregators import collected
from tests.fakes.stand_ins import refuse_json
from tests.scan.aggregated import ACCOUNTS, MINUTE, NEW, PAYMENTS, REGION, RULE, SANDBOX, Organization, a_user
from tests.support.fixtures import ACCOUNT, NOW, Emulated
from tests.support.moto_server import moto_server
from tests.support.processes import keyage


def test_everybody_compliant(organization: Organization, capsys: pytest.CaptureFixture[str]) -> None:
    assert organization.check() == 0
    said = capsys.readouterr()
    assert (said.out, said.err) == (
        (
            "2 users judged by access-keys-rotated in us-east-1, 2 accounts of the aggregator org in us-east-1:"
            " 0 non-compliant, 2 compliant\n"
        ),
        "",
    )


def test_everybody_as_the_policy_says(organization: Organization, capsys: pytest.CaptureFixture[str]) -> None:
    path = organization.snapshot({PAYMENTS: [a_user("ann", 3)], SANDBOX: [a_user("bob")]})
    assert organization.check(saved=path) == 0
    assert "taken 2026-11-23 11:00 UTC: 0 different\n2 users judged" in capsys.readouterr().out


@pytest.mark.parametrize(("exit_zero", "code"), [(False, 1), (True, 0)])
def test_a_non_compliant_user_is_1(organization: Organization, exit_zero: bool, code: int) -> None:
    organization.judged(SANDBOX, "AIDAOLD", "NON_COMPLIANT")
    assert organization.check(exit_zero=exit_zero) == code


@pytest.mark.parametrize(("exit_zero", "code"), [(False, 1), (True, 0)])
def test_a_difference_is_1(organization: Organization, exit_zero: bool, code: int) -> None:
    path = organization.snapshot({PAYMENTS: [a_user("ann", 91)], SANDBOX: [a_user("bob")]})
    assert organization.check(saved=path, exit_zero=exit_zero) == code


@pytest.mark.parametrize("exit_zero", [False, True])
def test_unreadable_is_3_whatever_else_was_found(organization: Organization, exit_zero: bool) -> None:
    organization.judged(SANDBOX, "AIDAOLD", "NON_COMPLIANT")
    organization.kept.rules.pop((PAYMENTS, REGION, RULE))
    assert organization.check(exit_zero=exit_zero) == 3


def test_an_account_that_cannot_be_read_leaves_the_others_readable(
    organization: Organization, emulated: Emulated
) -> None:
    emulated.faults.plan(
        "GetAggregateComplianceDetailsByConfigRule",
        lambda asked: refuse_json("AccessDeniedException")(asked) if asked["AccountId"] == PAYMENTS else None,
    )
    code, report = organization.json()
    assert code == 3
    assert [(one["id"], one["status"]) for one in report["accounts"]] == [
        (PAYMENTS, "unreadable"),
        (SANDBOX, "evaluated"),
    ]
    assert [one["userId"] for one in report["users"]] == ["AIDABOB"]


def test_an_account_of_the_inventory_that_the_aggregator_lacks_is_unreadable(organization: Organization) -> None:
    organization.write("accounts.yaml", ACCOUNTS + f'  - {{id: "{NEW}", name: new, ou: Root, tags: {{}}}}\n')
    code, report = organization.json()
    assert (code, report["summary"]["unreadable"]) == (3, 1)
    assert report["accounts"][2]["name"] == "new"
    assert "the aggregator does not collect from it in us-east-1" in report["accounts"][2]["reason"]


def test_an_account_of_the_snapshot_must_report_too(organization: Organization) -> None:
    path = organization.snapshot({PAYMENTS: [a_user("ann")], SANDBOX: [a_user("bob")], NEW: [a_user("cid")]})
    code, report = organization.json(saved=path)
    assert (code, [one["id"] for one in report["accounts"]]) == (3, [PAYMENTS, SANDBOX, NEW])


def test_an_account_that_the_inventory_lacks_is_warned_about(
    organization: Organization, capsys: pytest.CaptureFixture[str]
) -> None:
    organization.kept.source(NEW, REGION)
    assert organization.check() == 0
    assert capsys.readouterr().err == (
        f"warning: account {NEW} is in the aggregator but not in the inventory, although prod-service-users may select"
        " it: run `keyage inventory`\n"
    )


def test_an_account_that_the_inventory_lacks_is_judged_if_it_reports(organization: Organization) -> None:
    organization.judged(NEW, "AIDACID", "NON_COMPLIANT")
    code, report = organization.json(quiet=True)
    assert code == 1
    assert report["accounts"][2] == {
        "id": NEW,
        "name": None,
        "rule": RULE,
        "status": "evaluated",
        "reason": None,
        "apiCalls": {"GetAggregateComplianceDetailsByConfigRule": 1},
    }


def test_many_such_accounts_are_counted(organization: Organization, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(13):
        organization.kept.source(f"{number:012}", REGION)
    organization.check()
    lines = capsys.readouterr().err.splitlines()
    assert (len(lines), lines[-1]) == (11, "warning: and 3 more accounts that are not in the inventory")


def test_without_an_inventory_the_accounts_of_the_aggregator_are_judged(
    organization: Organization, capsys: pytest.CaptureFixture[str]
) -> None:
    (organization.folder / "accounts.yaml").unlink()
    organization.kept.source(NEW, REGION)
    assert organization.check() == 3
    said = capsys.readouterr()
    assert said.err.startswith("warning: no inventory: only accounts that the aggregator knows are looked at")
    assert f"  {NEW}: AWS Config has no result" in said.out


def test_no_account_at_all_is_no_compliance(organization: Organization) -> None:
    (organization.folder / "accounts.yaml").unlink()
    organization.kept.statuses.clear()
    organization.kept.rules.clear()
    with pytest.raises(Unreadable, match="the aggregator org in us-east-1 collects from no account in us-east-1"):
        organization.check(quiet=True)


def test_an_organization_that_could_not_be_listed_is_warned_about(
    organization: Organization, capsys: pytest.CaptureFixture[str]
) -> None:
    failed = {"SourceType": "ORGANIZATION", "LastErrorCode": "OrganizationAccessDenied"}
    organization.kept.source("o-abc", REGION, "FAILED", **failed)
    assert organization.check() == 0
    assert "could not list the organization's accounts (OrganizationAccessDenied)" in capsys.readouterr().err


def test_users_who_stand_out_get_their_names_where_aws_config_records_users(
    organization: Organization, emulated: Emulated
) -> None:
    organization.judged(PAYMENTS, "AIDAOLD", "NON_COMPLIANT")
    organization.kept.user(PAYMENTS, "AIDAOLD", "svc-old")
    organization.kept.user(PAYMENTS, "AIDAANN", "ann")
    _code, report = organization.json()
    assert {one["userId"]: one["user"] for one in report["users"]} == {
        "AIDAANN": None,
        "AIDABOB": None,
        "AIDAOLD": "svc-old",
    }
    assert emulated.faults.requests["ListAggregateDiscoveredResources"] == 1


def test_names_that_cannot_be_read_are_a_note(
    organization: Organization, emulated: Emulated, capsys: pytest.CaptureFixture[str]
) -> None:
    organization.judged(PAYMENTS, "AIDAOLD", "NON_COMPLIANT")
    emulated.faults.plan("ListAggregateDiscoveredResources", refuse_json("AccessDeniedException"))
    assert organization.check() == 1
    said = capsys.readouterr()
    assert said.err.startswith("note: some users have no names here: ListAggregateDiscoveredResources was denied")
    assert "(name not known)" in said.out


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("r.csv", "user,arn\n", "AWS Config knows users by id, which a credential report does not tell"),
        ("t.json", '{"version": 4, "resources": [], "terraform_version": "1.7.0"}', "a terraform state does not tell"),
        ("n.txt", "hello", "neither a keyage snapshot"),
        ("none.json", None, "cannot read"),
    ],
)
def test_only_a_snapshot_can_be_compared_with(
    organization: Organization, name: str, text: str | None, said: str
) -> None:
    path = organization.write(name, text) if text is not None else organization.folder / name
    with pytest.raises(UsageError, match=said):
        organization.check(saved=path)


def test_a_broken_snapshot_is_unreadable(organization: Organization) -> None:
    with pytest.raises(Unreadable, match="not a keyage snapshot"):
        organization.check(saved=organization.write("s.json", "{}"))


def test_json_lines_do_not_tell_when_they_were_taken(
    organization: Organization, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [{"id": PAYMENTS, "users": [a_user("ann")]}, {"id": SANDBOX, "users": [a_user("bob")]}]
    path = organization.write("s.jsonl", "\n".join(map(json.dumps, lines)))
    assert organization.check(saved=path) == 0
    assert "s.jsonl, taken at a time that it does not tell: 0 different" in capsys.readouterr().out


def test_no_such_format(organization: Organization) -> None:
    with pytest.raises(UsageError, match="unknown format"):
        organization.check(formats=("xml",))


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process of its own, against the aggregators behind moto's server."""
    with ExitStack() as stack:
        stack.enter_context(mock_aws())
        kept = stack.enter_context(collected())
        url = stack.enter_context(moto_server())
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        Organization(tmp_path, kept).judged(SANDBOX, "AIDAOLD", "NON_COMPLIANT")
        credentials = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
        region = {"AWS_DEFAULT_REGION": REGION, "AWS_ENDPOINT_URL": url}
        done = {
            name: keyage(
                tmp_path, "check", "--from-aggregator", name, "--now", f"{NOW:%FT%TZ}", **credentials, **region
            )
            for name in ("org", "other")
        }
    assert (done["org"].returncode, done["org"].stderr) == (1, "")
    assert done["org"].stdout.startswith("Non-compliant in AWS Config (1)\n")
    assert (done["other"].returncode, done["other"].stdout) == (3, "")
    assert done["other"].stderr.startswith(
        f"error: there is no aggregator other in {REGION}: this account has org there"
    )


def test_two_runs_write_the_same_bytes(organization: Organization) -> None:
    for page in (1, 100):
        organization.kept.page = page
        organization.check(formats=("json=a.json" if page == 1 else "json=b.json",))
    one, other = ((organization.folder / name).read_text() for name in ("a.json", "b.json"))
    assert one == other


def test_hostile_text_stays_on_its_line(organization: Organization, capsys: pytest.CaptureFixture[str]) -> None:
    organization.judged(PAYMENTS, "AIDAOLD", "NON_COMPLIANT", "a\x1b[2Jb\nAll compliant [red]x[/red]")
    organization.check()
    out = capsys.readouterr().out
    assert "a\\x1b[2Jb\\nAll compliant [red]x[/red]" in out
    assert "\x1b" not in out


def test_the_shipped_rule_and_the_policy_agree(organization: Organization, emulated: Emulated) -> None:
    """The code that `render` ships judges an account, an aggregator collects that, and nothing differs."""
    for name, *ages in (("ann", 3.0), ("svc-old", 31.0), ("sftp", 500.0), ("both", 80.0, 95.0), ("nobody",)):
        emulated.user(name)
        for age in ages:
            emulated.key(name, age)
    policy = loader.load(organization.folder / "policies.yaml")
    with config_service.standing_in_config():
        hosts.run_config_rule(str(deployment(policy, _inventory()).code), ACCOUNT, RULE, NOW - MINUTE)
        put = config_service.evaluations(ACCOUNT, RULE)
    organization.kept.rules.pop((ACCOUNT, REGION, RULE))
    for one in put:
        where, said = (ACCOUNT, REGION, RULE), one.get("Annotation")
        organization.kept.result(where, one["ComplianceResourceId"], one["ComplianceType"], NOW - MINUTE, said)
    taken = read_all(ReadOnlySession(credentials=aws.credentials_for(ACCOUNT)), _inventory(), 1, user_tags=False)
    (organization.folder / "s.json").write_bytes(write_json([taken], NOW))
    organization.write("accounts.yaml", ACCOUNTS.rpartition("  -")[0])
    organization.kept.rules.pop((SANDBOX, REGION, RULE))
    code, report = organization.json(saved=Path("s.json"), quiet=True)
    assert (code, report["summary"]) == (
        1,
        {
            "accounts": 1,
            "users": 5,
            "compliant": 3,
            "nonCompliant": 2,
            "undecided": 0,
            "differing": 0,
            "partial": 0,
            "unreadable": 0,
        },
    )
    assert {one["user"]: one["expected"] for one in report["users"]} == {
        "ann": "COMPLIANT",
        "both": "NON_COMPLIANT",
        "nobody": "COMPLIANT",
        "sftp": "EXEMPT",
        "svc-old": "NON_COMPLIANT",
    }


def test_nothing_that_renders_is_imported_to_learn_the_name_of_the_rule() -> None:
    script = (
        "import sys, checker.scan.aggregate; print(*sorted(set(sys.modules) & {'jinja2', 'checker.generate.bundle'}))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "\n"


def _inventory() -> inventory.Inventory:
    return inventory.load(Path("accounts.yaml"))
