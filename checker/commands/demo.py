"""`keyage demo`: the whole tour, against an AWS inside this process."""

import shutil
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from itertools import count
from pathlib import Path

from checker.commands import check, remediate, render
from checker.errors import COMPLIANT_EXIT, CannotWrite, Unreadable, UsageError
from checker.evaluate import AccountRead, Reading
from checker.extras import how_to_install
from checker.scan.check_options import Options
from checker.scan.open import asking_for, of_readings
from checker.shell.common import Common, answer
from checker.shell.loading import INVENTORY_NAME, POLICY_NAME, Checked, Loaded
from checker.shell.outputs import parse_formats
from checker.shell.whole_file import whole_file

FOLDER = "keyage-demo"


def run(named: Path | None, *, color: bool, width: int | None) -> int:
    """Seed, check, deploy, remediate, check again; 0 unless the tour itself fails.

    Raises UsageError without moto, and for a folder that has something in it.
    """
    if find_spec("moto") is None:
        raise UsageError(f"the demo needs moto, the embedded AWS: {how_to_install('demo')}")
    from checker.embedded import aws, story

    now = datetime.now(UTC).replace(microsecond=0)
    output = _empty_folder(named)
    _write(output / POLICY_NAME, story.policy_text(now))
    _write(output / INVENTORY_NAME, story.INVENTORY)
    options = Options(Common(policy=output / POLICY_NAME, now=now), color=color, width=width, concurrency=4)
    loaded = Checked(options.common).accepted()
    _tell(f"A small organization of two accounts, in this process:\n\n{story.WHO_IS_WHO}\n")
    _tell(f"`keyage check` with the policy that is now in {output / POLICY_NAME}:\n")
    with aws.embedded_aws():
        story.seed(now)
        sessions = {account: aws.credentials_for(account) for account in story.ACCOUNTS}
        readings = _check(sessions, options, loaded)
        _save(output / "snapshot.json", list(sessions.values()), loaded)
        _plan_apply_and_undo(output, options)
        _deploy_and_remediate(output, options, loaded)
        _tell("`keyage check` again: the key that nobody used is no longer active.\n")
        _check(sessions, options, loaded)
        _rotate(options, now)
    _tell(_next(output, loaded, readings))
    return COMPLIANT_EXIT


def _empty_folder(named: Path | None) -> Path:
    """The folder that was named, or a new one beside those of earlier tours: their files were made to be changed."""
    folder = named or next(folder for folder in _folders() if not folder.exists())
    try:
        folder.mkdir(parents=True, exist_ok=True)
        used = any(folder.iterdir())
    except OSError as error:
        raise CannotWrite(f"cannot write {error.filename or folder}: {error.strerror}") from None
    if used:
        raise UsageError(f"{folder} is not empty: the demo writes into a new or empty folder; name one with --output")
    return folder


def _folders() -> Iterator[Path]:
    yield Path(FOLDER)
    yield from (Path(f"{FOLDER}-{number}") for number in count(2))


def _check(sessions: dict[str, dict[str, str]], options: Options, loaded: Loaded) -> list[Reading]:
    readings = [_read(credentials, options, loaded) for _account, credentials in sorted(sessions.items())]
    check.report(options, loaded, parse_formats(options.formats, None), of_readings(readings))
    return readings


def _plan_apply_and_undo(output: Path, options: Options) -> None:
    """Deactivate what is too old by a plan, and take that back."""
    plan, journal = output / "plan.json", output / "journal.jsonl"
    _tell(f"\n`keyage remediate plan -o {plan}` says beforehand what would be done with which key:\n")
    reading = options._replace(common=options.common._replace(quiet=True), saved=output / "snapshot.json")
    remediate.plan(remediate.Options(reading, "all", plan))
    changing = remediate.Changing(
        options.common, journal, True, None, None, None, options.concurrency, options.color, options.width
    )
    _tell(f"\n`keyage remediate apply {plan} --journal {journal}` looks again at each key, and does just that:\n")
    remediate.apply(changing, plan, max_changes=10)
    _tell(f"\nSomething broke? `keyage remediate undo {journal}`:\n")
    remediate.undo(changing)


def _deploy_and_remediate(output: Path, options: Options, loaded: Loaded) -> None:
    """Render, deploy, run the rule as AWS Config would, and the remediation as a person would start it."""
    from checker.embedded import aws, hosts, story
    from checker.embedded.config_service import evaluations, standing_in_config

    build, account, rule = output / "build", story.PAYMENTS, loaded.policy.deploy.rule_name
    _tell(f"\n`keyage render -o {build}` writes what deploys this policy, the same in every account:\n")
    render.run(render.Options(options.common, build))
    module = build / "terraform" / "account"
    _tell(f"\nAccount {account} gets {module}, and AWS Config runs its rule:\n")
    names = {user.id: user.name for user in aws.backend(account).users.values()}
    with standing_in_config():
        source = (module / "lambda/index.py").read_text("utf-8")
        hosts.deploy(account, rule, (module / "lambda.zip").read_bytes())
        hosts.run_config_rule(source, account, rule, loaded.now)
        found = evaluations(account, rule)
        for evaluation in found:
            user, said = names[evaluation["ComplianceResourceId"]], evaluation.get("Annotation", "")
            _tell(f"  {user:<12} {evaluation['ComplianceType']:<14} {said}".rstrip())
        _tell("\nSomebody starts the remediation for the non-compliant users:\n")
        flagged = [evaluation for evaluation in found if evaluation["ComplianceType"] == "NON_COMPLIANT"]
        for user_id in [evaluation["ComplianceResourceId"] for evaluation in flagged]:
            done = hosts.run_remediation(source, account, {"ResourceId": user_id}, loaded.now)
            for key in done["Keys"]:
                _tell(f"  {key['user']:<12} {key['accessKeyId']}  {key['step']}: {key['why']}")
    _tell("")


def _rotate(options: Options, now: datetime) -> None:
    """The key that is in use all day is not to be switched off: there is a new one first."""
    from checker.commands import rotate
    from checker.embedded import story
    from checker.remediate.rotate.places import Place
    from checker.remediate.rotate.run import Clock

    wanted = rotate.Options(
        Common(options.common.policy, quiet=True),
        story.ROTATED,
        Place("secretsmanager", "prod/ledger"),
        account=story.PAYMENTS,
        wait=timedelta(0),
        yes=True,
    )
    _tell(f"\nThe key that is in use: `keyage rotate {wanted.user} --to {wanted.to}` gives the user a second one.\n")
    rotate.run(wanted)
    later = now + timedelta(days=1, hours=1)
    story.use_new_key(later - timedelta(hours=2))
    _tell("\nA day later, when the new key is in use and the old one was quiet, the same command retires that:\n")
    rotate.run(wanted, Clock(lambda: later, lambda _seconds: None))


def _read(credentials: dict[str, str], options: Options, loaded: Loaded) -> Reading:
    from checker.sources import live
    from checker.sources.aws.session import ReadOnlySession

    asking = asking_for(loaded, options.warn, every_line=False)
    return live.read_caller(ReadOnlySession(credentials=credentials), loaded.inventory, asking)


def _save(path: Path, credentials: list[dict[str, str]], loaded: Loaded) -> None:
    """Snapshot every account, so that the story can go on without the embedded AWS."""
    from checker.scan.whole_account import read_all
    from checker.sources.aws.session import ReadOnlySession
    from checker.sources.saved import snapshot

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
Read with {calls} calls for {users} users. The state before the remediation is saved, so this works without any AWS:

  cd {output}
  {keyage} check --from snapshot.json --now {instant} --verbose   # how to resolve each key
  {keyage} check --from snapshot.json --now {instant} --format json
  {keyage} explain svc-ledger --from snapshot.json    # why thirty days?
  {keyage} explain sftp-legacy --from snapshot.json   # why exempt?
  {keyage} render -o build --check                    # is build/ what the policy says?

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
    answer(text.split("\n"))
    sys.stdout.flush()
