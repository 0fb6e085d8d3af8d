"""`keyage demo`: the whole tour, against an AWS inside this process."""

import shutil
import sys
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

from checker.commands import check
from checker.commands.common import Common
from checker.commands.files import whole_file
from checker.commands.loading import INVENTORY_NAME, POLICY_NAME, Loaded, load_all
from checker.errors import COMPLIANT_EXIT, Unreadable, UsageError
from checker.evaluate import AccountRead, Reading


def run(output: Path, *, color: bool, width: int | None) -> int:
    """Seed, check, tell; 0 unless the tour itself fails. Raises UsageError without moto."""
    if find_spec("moto") is None:
        raise UsageError("the demo needs moto, the embedded AWS: install keyage[demo]")
    from checker.embedded import aws, story

    now = datetime.now(UTC).replace(microsecond=0)
    output.mkdir(parents=True, exist_ok=True)
    _write(output / POLICY_NAME, story.policy_text(now))
    _write(output / INVENTORY_NAME, story.INVENTORY)
    options = check.Options(Common(policy=output / POLICY_NAME, now=now), color=color, width=width, concurrency=4)
    loaded = load_all(options.common)
    _tell(f"A small organization of two accounts, in this process:\n\n{story.WHO_IS_WHO}\n")
    _tell(f"`keyage check` with the policy that is now in {output / POLICY_NAME}:\n")
    with aws.embedded_aws():
        story.seed(now)
        sessions = {account: aws.credentials_for(account) for account in story.ACCOUNTS}
        readings = [_read(credentials, options, loaded) for _account, credentials in sorted(sessions.items())]
        _save(output / "snapshot.json", list(sessions.values()), loaded)
    opened = check.Opened("live", True, readings)
    check.report(options, loaded, check.parse_formats(options.formats, None), opened)
    _tell(_next(output, loaded, readings))
    return COMPLIANT_EXIT


def _read(credentials: dict[str, str], options: check.Options, loaded: Loaded) -> Reading:
    from checker.sources.aws_session import ReadOnlySession

    return check.read_live(ReadOnlySession(credentials=credentials), options, loaded)


def _save(path: Path, credentials: list[dict[str, str]], loaded: Loaded) -> None:
    """Snapshot every account, so that the story can go on without the embedded AWS."""
    from checker.commands.snapshot import read_all
    from checker.sources import snapshot
    from checker.sources.aws_session import ReadOnlySession

    read = [read_all(ReadOnlySession(credentials=each), loaded.inventory, 4, user_tags=True) for each in credentials]
    _write(path, snapshot.write_json(read, loaded.now).decode())


def _next(output: Path, loaded: Loaded, readings: list[Reading]) -> str:
    failed = [reading for reading in readings if not isinstance(reading, AccountRead)]
    if failed:
        raise Unreadable(f"the embedded AWS could not be read: {failed[0].reason}")
    calls = sum(sum(reading.api_calls.values()) for reading in readings)
    users = sum(len(reading.users) for reading in readings if isinstance(reading, AccountRead))
    keyage = _command()
    instant = f"{loaded.now:%Y-%m-%dT%H:%M:%SZ}"
    return f"""
Read with {calls} calls for {users} users. The state is saved, so this works without any AWS, from here:

  cd {output}
  {keyage} check --from snapshot.json --now {instant} --verbose   # how to resolve each key
  {keyage} check --from snapshot.json --now {instant} --format json
  {keyage} explain svc-ledger --from snapshot.json    # why thirty days?
  {keyage} explain sftp-legacy --from snapshot.json   # why exempt?

Then set maxAccessKeyAge to 365 in policies.yaml, or end the exemption, and check again. On your own
account, with credentials in the environment: keyage check --policy policies.yaml
"""


def _command() -> str:
    """How keyage can be called from any folder: by name, else by the path of the command or of Python."""
    beside = Path(sys.executable).parent / "keyage"
    if shutil.which("keyage"):
        return "keyage"
    return str(beside) if beside.exists() else f"{sys.executable} -m checker"


def _write(path: Path, text: str) -> None:
    with whole_file(path) as stream:
        stream.write(text)


def _tell(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
