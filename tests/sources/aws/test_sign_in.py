"""The boundary of the sign-in: what it lets through, and what everything else becomes."""

from json import JSONDecodeError
from pathlib import Path

import botocore.session
import pytest
from botocore.exceptions import ClientError, InvalidConfigError, NoCredentialsError, SSOTokenLoadError

from checker.errors import KeyageError, SignInFailed, UsageError
from checker.sources.aws.session import ReadOnlySession, WriteRefused
from checker.sources.aws.sign_in import boundary
from checker.sources.live import read_account, verdict_needs
from tests.fakes.stand_ins import answer, refuse
from tests.support.fixtures import NOW, Emulated, policy

ROLE = "[profile p]\nrole_arn = arn:aws:iam::444455556666:role/x\nsource_profile = q\n[profile q]\n"
ROLE += "aws_access_key_id = x\naws_secret_access_key = x\n"
RAISED = [
    InvalidConfigError(error_msg="half a profile"),
    NoCredentialsError(),
    SSOTokenLoadError(error_msg="none"),
    ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "AssumeRole"),
    JSONDecodeError("Expecting value", "<html>", 0),
    UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"),
    FileNotFoundError(2, "No such file or directory", "/x"),
    OSError("without a number"),
    EOFError(),
    ValueError("Invalid endpoint: x"),
    KeyError("AccessKeyId"),
    TypeError("'NoneType' object is not iterable"),
    AttributeError("'list' object has no attribute 'get'"),
    OverflowError("date value out of range"),
    RuntimeError("Credentials were refreshed, but the refreshed credentials are still expired."),
    RecursionError("maximum recursion depth exceeded"),
]


def core() -> botocore.session.Session:
    return botocore.session.Session()


def test_what_goes_well_goes_through() -> None:
    with boundary(core(), "env"):
        pass


@pytest.mark.parametrize("raised", [KeyboardInterrupt(), WriteRefused("no"), UsageError("x"), SignInFailed("y")])
def test_what_is_ours_goes_through_as_it_is(raised: BaseException) -> None:
    with pytest.raises(type(raised)) as seen, boundary(core()):
        raise raised
    assert seen.value is raised


@pytest.mark.parametrize("way", [None, "custom-process", "assume-role", "container-role", "of another version"])
@pytest.mark.parametrize("raised", RAISED, ids=lambda error: type(error).__name__)
def test_everything_else_is_one_line_with_its_exit_code(raised: Exception, way: str | None) -> None:
    with pytest.raises(KeyageError) as seen, boundary(core(), way):
        raise raised
    assert seen.value.exit_code in (2, 3)
    assert "\n" not in str(seen.value)
    with pytest.raises(SignInFailed), boundary(core(), way, renewing=True):
        raise raised


@pytest.fixture
def by_role(emulated: Emulated, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Emulated:
    """A profile `p` that assumes a role."""
    (tmp_path / "config").write_text(ROLE)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    return emulated


def reason() -> str | None:
    """Why the account of the profile could not be read."""
    needs = verdict_needs(policy(), NOW, NOW)
    reading = read_account(ReadOnlySession("p"), {}, needs, want_name=False, concurrency=1)
    return getattr(reading, "reason", None)


def test_the_role_of_a_profile(by_role: Emulated) -> None:
    assert reason() is None
    assert by_role.faults.requests["AssumeRole"] == 1


def test_a_role_that_is_denied_is_told_in_the_words_of_aws(by_role: Emulated) -> None:
    said = "User: x is not authorized to perform: sts:AssumeRole with an explicit deny in a service control policy"
    by_role.faults.plan("AssumeRole", refuse("AccessDenied", message=said))
    assert reason() == (
        f"the role of profile p (role_arn) failed: AssumeRole was denied ({said}); see its source_profile or"
        " credential_source, that the role's trust policy names the caller, and the MFA code"
    )


def test_a_page_of_html_instead_of_credentials(by_role: Emulated) -> None:
    by_role.faults.plan("AssumeRole", answer("<html><body>Sign in<br></body></html>"))
    found = reason() or ""
    assert found.startswith("the role of profile p (role_arn) failed: something else than AWS answered"), found


def test_a_clock_that_is_wrong(by_role: Emulated) -> None:
    said = "Signature not yet current: 20261123T121501Z is still later than 20261123T121500Z"
    by_role.faults.plan("AssumeRole", refuse("SignatureDoesNotMatch", message=said))
    assert "the clock of this machine is wrong" in (reason() or "")
