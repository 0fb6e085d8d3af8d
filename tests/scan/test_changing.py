"""Several accounts changed side by side, as processes against a server that plays a small organization."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.iam.exceptions import LimitExceededException
from moto.iam.models import IAMBackend
from moto.sts.responses import TokenResponse

from checker.embedded import aws
from tests.fakes.served_organization import Served
from tests.support.processes import keyage

POLICY = "version: 1\ndefault: {maxAccessKeyAge: 90}\nremediation: {action: deactivate}\n"
APPLY = ("remediate", "apply", "plan.json", "--journal", "j.jsonl", "--yes", "--quiet")
BOTH = ("prod-payments", "dev-web")


@pytest.fixture
def folder(served: Served, tmp_path: Path) -> Path:
    """With a plan for an old key in each of three accounts, the caller's own among them."""
    (tmp_path / "policies.yaml").write_text(POLICY)
    now = datetime.now(UTC)
    for account in accounts(served):
        iam = aws.backend(account)
        before = iam.users.pop("old", None)
        if before is not None:  # moto keeps the tags of a user who is gone for the next one of that name
            iam.tagger.delete_all_tags_for_resource(before.arn)
        aws.add_user(account, "old", now - timedelta(days=400))
        aws.add_key(account, "old", now - timedelta(days=100))
    done = keyage(tmp_path, "remediate", "plan", "--organization", "-o", "plan.json", **served.aws())
    assert done.returncode == 1, done.stderr
    return tmp_path


def accounts(served: Served) -> list[str]:
    return sorted([DEFAULT_ACCOUNT_ID, *(served.ids[name] for name in BOTH)])


def statuses(served: Served) -> list[str]:
    return [aws.backend(account).users["old"].access_keys[0].status for account in accounts(served)]


def apply(served: Served, folder: Path, *arguments: str) -> tuple[int, str, str]:
    done = keyage(folder, *APPLY, *arguments, **served.aws())
    return done.returncode, done.stdout.splitlines()[-1] if done.stdout else "", done.stdout + done.stderr


def test_more_steps_than_are_allowed_over_all_accounts_are_refused(served: Served, folder: Path) -> None:
    code, _last, said = apply(served, folder, "--max-changes", "2")
    assert (code, "has 3 steps, more than --max-changes 2" in said) == (2, True)
    assert statuses(served) == ["Active"] * 3


def assumed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """The roles that are assumed, with the external id."""
    seen: list[tuple[str, str]] = []
    plain = TokenResponse.assume_role

    def assume_role(response: Any) -> Any:
        seen.append((response._get_param("RoleArn"), response._get_param("ExternalId")))  # noqa: SLF001
        return plain(response)

    monkeypatch.setattr(TokenResponse, "assume_role", assume_role)
    return seen


@pytest.mark.parametrize(
    ("arguments", "role", "external_id"),
    [((), "keyage-remediate", None), (("--role-name", "ops/mend", "--external-id", "e1"), "ops/mend", "e1")],
)
def test_each_account_by_its_own_role_and_the_callers_own_as_it_is(
    served: Served,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    role: str,
    external_id: str | None,
) -> None:
    seen = assumed(monkeypatch)
    assert apply(served, folder, *arguments)[:2] == (0, "3 steps: 3 done.")
    assert statuses(served) == ["Inactive"] * 3
    wanted = [(f"arn:aws:iam::{served.ids[name]}:role/{role}", external_id) for name in BOTH]
    assert sorted(seen) == sorted(wanted)
    journal = [json.loads(line) for line in (folder / "j.jsonl").read_text().splitlines()]
    assert sorted({line["account"] for line in journal}) == accounts(served)
    undone = keyage(folder, "remediate", "undo", "j.jsonl", "--yes", *arguments, **served.aws())
    assert (undone.returncode, statuses(served)) == (0, ["Active"] * 3)


def test_a_failure_in_one_account_stops_no_other(served: Served, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refusing = served.ids["dev-web"]
    plain = IAMBackend.update_access_key

    def update(backend: Any, *given: Any, **named: Any) -> None:
        if backend.account_id == refusing:
            raise LimitExceededException("stand-in")
        plain(backend, *given, **named)

    with monkeypatch.context() as patch:
        patch.setattr(IAMBackend, "update_access_key", update)
        code, last, _said = apply(served, folder)
    assert (code, last) == (3, "3 steps: 2 done, 1 failed.")
    assert statuses(served).count("Active") == 1
    assert apply(served, folder)[:2] == (0, "3 steps: 3 done.")


def test_a_role_that_cannot_be_assumed_is_said_and_stops_no_other(
    served: Served, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = TokenResponse.call_action

    def call_action(response: Any) -> Any:
        if served.ids["dev-web"] in str(response._get_param("RoleArn")):  # noqa: SLF001
            error = "<Error><Code>AccessDenied</Code><Message>stand-in</Message></Error>"
            return 403, {}, f"<ErrorResponse>{error}</ErrorResponse>"
        return plain(response)

    monkeypatch.setattr(TokenResponse, "call_action", call_action)
    code, last, said = apply(served, folder)
    assert (code, last) == (3, "3 steps: 2 done, 1 not begun.")
    assert f"{served.ids['dev-web']}:role/keyage-remediate cannot be assumed: see that the role is there" in said
    assert "sts:AssumeRole" in said
