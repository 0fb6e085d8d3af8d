"""keyage beside Cloud Custodian and Prowler on the same emulated account: calls, time, memory, wrong findings.

Each peer gets a virtual environment of its own. One policy for all, because one number is what each of them
can say: no active key older than 90 days. Finished runs are kept as JSON lines; `--write` turns them into
the tables of peers.md.
"""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple, TypeVar

from emulator import Emulator
from measure import Measured, compiled_in, keyage, parser, run, table
from moto_iam import DENIED_VARIABLE
from traps import OVERDUE, PLAIN_KINDS, STALE_KINDS, User, cycled

HERE = Path(__file__).parent
POLICIES = HERE / "peers"
PAGE = HERE / "peers.md"
VERSIONS = {"c7n": "0.9.53", "prowler": "5.46.0"}  # of the packages on PyPI
CHECK = "iam_rotate_access_key_90_days"
SCENARIOS = ("fresh", "stale", "denied")
SCENARIO_USERS = 100  # in the scenarios other than fresh
REPORT_CALLS = ("GenerateCredentialReport", "GetCredentialReport")
WARM_UP_USERS = 14
SAID = 800  # characters of the start and of the end of what a tool said


class Finding(NamedTuple):
    """A user who is said to have an old key, and the key if one is named."""

    user: str
    key_id: str | None


class Record(NamedTuple):
    """One finished run, as it is kept."""

    tool: str
    version: str
    users: int
    latency_ms: float
    scenario: str
    at: str
    stopped: bool  # ran into the time-out; then there are no figures of the process and no findings
    exit_code: int | None
    seconds: float
    cpu_seconds: float | None
    peak_mib: float | None
    emulator_seconds: float  # in which the emulator made answers, one at a time
    calls: Mapping[str, int]
    found_users: int | None  # None: no output
    wrong_users: Mapping[str, Mapping[str, int]]  # "false positives", "false negatives": by kind of user
    wrong_keys: Mapping[str, Mapping[str, int]]
    said: str

    @property
    def total(self) -> int:
        return sum(number for name, number in self.calls.items() if name != "connections")


T = TypeVar("T")
Reading = Callable[[Path, Mapping[str, User]], Iterator[Finding]]


class Tool(NamedTuple):
    """How a tool is run and how its findings are read."""

    package: str | None  # None: keyage itself
    command: Callable[[str, Path], Sequence[str]]  # from the program and a folder for its output
    findings: Reading  # raises FileNotFoundError if there is no output


def _keyage_command(program: str, folder: Path) -> Sequence[str]:
    policy = POLICIES / "keyage.yaml"
    return [program, "check", "--policy", str(policy), "--format", "table", "--format", f"json={folder / 'out.json'}"]


def _keyage_findings(folder: Path, _users: Mapping[str, User]) -> Iterator[Finding]:
    for key in _load(folder / "out.json")["keys"]:
        if key["verdict"] == OVERDUE:
            yield Finding(key["user"], key["accessKeyId"])


def _custodian(policy: str, findings: Reading) -> Tool:
    def command(program: str, folder: Path) -> Sequence[str]:
        where = ["--output-dir", str(folder), "--region", "us-east-1", "--cache-period", "0"]
        return [program, "run", *where, str(POLICIES / f"{policy}.yaml")]

    return Tool("c7n", command, findings)


def _custodian_output(folder: Path) -> Any:
    return _load(folder / "old-access-keys" / "resources.json")


def _custodian_keys(folder: Path, _users: Mapping[str, User]) -> Iterator[Finding]:
    for key in _custodian_output(folder):
        yield Finding(key["UserName"], key["AccessKeyId"])


def _custodian_users(folder: Path, users: Mapping[str, User]) -> Iterator[Finding]:
    for user in _custodian_output(folder):
        name = user["UserName"]
        yield Finding(name, None)
        for key in user["c7n:matched-keys"]:
            yield Finding(name, key.get("AccessKeyId") or _key_by_rotation(users.get(name), key["last_rotated"]))


def _key_by_rotation(user: User | None, rotated: str) -> str | None:
    """The credential report has no key ids; the date tells the two keys of a user apart."""
    moment = datetime.fromisoformat(rotated)
    return next((key.id for key in user.keys if key.activated == moment), None) if user else None


def _prowler_command(program: str, folder: Path) -> Sequence[str]:
    output = ["--output-formats", "json-ocsf", "--output-directory", str(folder), "--output-filename", "findings"]
    return [program, "aws", "--checks", CHECK, "--region", "us-east-1", "--no-banner", "--no-color", *output]


def _prowler_findings(folder: Path, users: Mapping[str, User]) -> Iterator[Finding]:
    for event in _load(folder / "findings.ocsf.json"):
        if event["status_code"] == "FAIL":
            name, slot = event["resources"][0]["name"].rsplit("-access-key-", 1)
            keys = users[name].keys if name in users else ()
            yield Finding(name, keys[int(slot) - 1].id if keys else None)


def _load(file: Path) -> Any:
    return json.loads(file.read_text("utf-8"))


TOOLS = {
    "keyage": Tool(None, _keyage_command, _keyage_findings),
    "custodian-credential": _custodian("custodian-credential", _custodian_users),
    "custodian-user": _custodian("custodian-user", _custodian_users),
    "custodian-key": _custodian("custodian-key", _custodian_keys),
    "prowler": Tool("prowler", _prowler_command, _prowler_findings),
}


def main() -> int:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "keyage-benchmarks")
    options = parser(__doc__)
    options.add_argument("--users", type=int, nargs="+", default=[100, 1_000, 5_000], help="users of the account")
    options.add_argument("--latency-ms", type=float, nargs="+", default=[0, 40], help="time that each call takes")
    options.add_argument("--tools", choices=TOOLS, nargs="+", default=list(TOOLS), help="what is run")
    options.add_argument(
        "--scenarios", choices=SCENARIOS, nargs="+", default=list(SCENARIOS), help="the last two: 100 users, 0 ms"
    )
    options.add_argument("--venvs", type=Path, default=cache, help="folder for the virtual environments of the peers")
    options.add_argument("--timeout", type=float, default=3_600, help="seconds after which a run is stopped")
    options.add_argument("--runs", type=int, default=1, help="runs of each sort; the quickest is the one that counts")
    options.add_argument("--resume", type=Path, help="finished runs, as JSON lines; None: runs.jsonl beside the venvs")
    options.add_argument("--write", action="store_true", help="run nothing: write the finished runs into peers.md")
    arguments = options.parse_args()
    file: Path = arguments.resume or arguments.venvs / "runs.jsonl"
    if not arguments.write:
        _run_all(arguments.tools, _sorts(arguments), arguments.runs, arguments.venvs, arguments.timeout, file)
    records = read(file)
    if arguments.write:
        write(records)
    else:
        table(RUN_HEADER, [_row(record) for record in quickest(records)])
    return 0


class Sort(NamedTuple):
    """What a run is of."""

    scenario: str
    users: int
    latency_ms: float


def _sorts(arguments: Any) -> list[Sort]:
    """The quick ones first."""
    sorts = [Sort("fresh", users, latency) for latency in arguments.latency_ms for users in arguments.users]
    sorts = (
        sorted(sorts, key=lambda sort: sort.users * (sort.latency_ms + 10)) if "fresh" in arguments.scenarios else []
    )
    return [Sort(scenario, SCENARIO_USERS, 0) for scenario in arguments.scenarios if scenario != "fresh"] + sorts


def _run_all(tools: Sequence[str], sorts: Iterable[Sort], runs: int, venvs: Path, timeout: float, file: Path) -> None:
    programs = {name: program(TOOLS[name].package, venvs) for name in tools}
    environment = compiled_in(venvs / "bytecode")
    finished = Counter((record.tool, record.scenario, record.users, record.latency_ms) for record in read(file))
    left = [(sort, name) for sort in sorts for name in tools for _more in range(runs - finished[(name, *sort)])]
    for name in {name for _sort, name in left}:
        _once(name, programs[name], Sort("fresh", WARM_UP_USERS, 0), environment, timeout)
    for sort, name in left:
        print(f"{datetime.now():%H:%M:%S} {name}: {sort}", file=sys.stderr)  # noqa: DTZ005 -- for who is waiting
        record = _once(name, programs[name], sort, environment, timeout)
        with file.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(record._asdict()) + "\n")


def program(package: str | None, venvs: Path) -> str:
    """The program of a package, installed if it is not yet; keyage is the one beside this Python."""
    if package is None:
        return keyage()
    folder = (venvs / f"{package}-{VERSIONS[package]}-python{sys.version_info[0]}.{sys.version_info[1]}").resolve()
    done = folder / "installed"
    if not done.exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", f"{package}=={VERSIONS[package]}"]
        subprocess.run(pip, check=True)
        done.touch()
    return str(folder / "bin" / {"c7n": "custodian"}.get(package, package))


class _TimeOut(Exception):
    pass


def _once(name: str, program: str, sort: Sort, environment: Mapping[str, str], timeout: float) -> Record:
    """Run a tool on a new account, without a credential report unless the scenario has one."""
    tool = TOOLS[name]
    kinds = STALE_KINDS if sort.scenario == "stale" else PLAIN_KINDS
    account = cycled(sort.users, kinds, datetime.now(UTC).replace(microsecond=0))
    os.environ[DENIED_VARIABLE] = ",".join(REPORT_CALLS) if sort.scenario == "denied" else ""
    with (
        Emulator("moto_iam", account, sort.latency_ms / 1000) as emulator,
        tempfile.TemporaryDirectory() as temporary,
    ):
        folder = Path(temporary)
        # A home of its own: no caches, profiles or settings of whoever runs this.
        home = {"HOME": temporary, "AWS_DEFAULT_REGION": "us-east-1", **emulator.environment()}
        command = tool.command(program, folder)
        measured = _timed(command, {**environment, **home}, folder / "said", timeout)
        calls, busy = emulator.calls(), emulator.busy()
        by_name = {user.name: user for user in account}
        findings = None if measured is None else _findings(tool, folder, by_name)
        output = _said((folder / "said").read_text("utf-8", "replace"), temporary)
    return Record(
        tool=name,
        version=VERSIONS[tool.package] if tool.package else _version(program),
        users=sort.users,
        latency_ms=sort.latency_ms,
        scenario=sort.scenario,
        at=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        stopped=measured is None,
        exit_code=measured.exit_code if measured else None,
        seconds=round(measured.seconds if measured else timeout, 2),
        cpu_seconds=round(measured.cpu_seconds, 2) if measured else None,
        peak_mib=round(measured.peak_mib) if measured else None,
        emulator_seconds=round(busy, 2),
        calls=dict(sorted(calls.items())),
        found_users=None if findings is None else len({finding.user for finding in findings}),
        wrong_users={} if findings is None else wrong_users({finding.user for finding in findings}, account),
        wrong_keys={} if findings is None else wrong_keys({finding for finding in findings if finding.key_id}, account),
        said=output,
    )


def _timed(command: Sequence[str], environment: Mapping[str, str], log: Path, timeout: float) -> Measured | None:
    """What a run took, None if it took longer than `timeout` seconds; all that it says goes into a file."""

    def ring(_number: int, _frame: FrameType | None) -> None:
        raise _TimeOut

    signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, timeout)
    try:
        return run(["/bin/sh", "-c", 'exec "$@" >"$0" 2>&1', str(log), *command], environment)
    except _TimeOut:
        return None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _version(program: str) -> str:
    output = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    return output.split()[-1]


def _findings(tool: Tool, folder: Path, users: Mapping[str, User]) -> list[Finding] | None:
    try:
        return list(tool.findings(folder, users))
    except FileNotFoundError:
        return None


def _said(text: str, folder: str) -> str:
    """What a tool said, without its screen codes and without where it was run; start and end if it is long."""
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)
    for place, name in ((folder, "OUT"), (str(HERE.parent), "KEYAGE"), (str(Path.home()), "HOME")):
        plain = plain.replace(place, name)
    lines = "\n".join(line.strip() for line in re.split(r"[\r\n]+", plain) if line.strip())
    return lines if len(lines) <= 2 * SAID else f"{lines[:SAID]}\n...\n{lines[-SAID:]}"


def wrong_users(named: set[str], account: Iterable[User]) -> dict[str, dict[str, int]]:
    """Users wrongly named and wrongly left out, by kind; right is to name who has an active key past 90 days."""
    overdue = {user.name for user in account if any(key.verdict == OVERDUE for key in user.keys)}
    return _wrong(named, overdue, lambda name: name)


def wrong_keys(named: set[Finding], account: Iterable[User]) -> dict[str, dict[str, int]]:
    """Keys wrongly named and wrongly left out, by kind of user."""
    overdue = {Finding(user.name, key.id) for user in account for key in user.keys if key.verdict == OVERDUE}
    return _wrong(named, overdue, lambda finding: finding.user)


def _wrong(named: set[T], overdue: set[T], user: Callable[[T], str]) -> dict[str, dict[str, int]]:
    def by_kind(items: set[T]) -> dict[str, int]:
        return dict(sorted(Counter(user(item).rpartition("-")[0] for item in items).items()))

    return {"false positives": by_kind(named - overdue), "false negatives": by_kind(overdue - named)}


def read(file: Path) -> list[Record]:
    """The finished runs of a file; none if there is no file."""
    if not file.exists():
        return []
    return [Record(**json.loads(line)) for line in file.read_text("utf-8").splitlines()]


def quickest(records: Iterable[Record]) -> list[Record]:
    """Of each sort of run the one that took least time, by scenario, users, latency and tool."""
    best: dict[tuple[int, int, float, int], Record] = {}
    for record in records:
        key = (SCENARIOS.index(record.scenario), record.users, record.latency_ms, list(TOOLS).index(record.tool))
        if key not in best or (record.stopped, record.seconds) < (best[key].stopped, best[key].seconds):
            best[key] = record
    return [best[key] for key in sorted(best)]


def write(records: Sequence[Record]) -> None:
    """Put the tables between their markers in peers.md."""
    best = quickest(records)
    fresh = [record for record in best if record.scenario == "fresh"]
    thousand = {
        record.tool: record for record in fresh if record.users == 1_000 and not record.stopped
    }  # the slowest latency wins
    tables = {
        "versions": _markdown(
            ("tool", "version"), sorted({(record.tool, record.version) for record in best}, key=_by_tool)
        ),
        "runs": _markdown(RUN_HEADER, [_row(record) for record in fresh]),
        "wrong": _markdown(WRONG_HEADER, [row for record in thousand.values() for row in _wrong_rows(record)]),
        "calls": _markdown(("operation", *thousand), _operation_rows(thousand)),
        "scenarios": _markdown(
            SCENARIO_HEADER, [_scenario_row(record) for record in best if record.scenario != "fresh"]
        ),
    }
    text = PAGE.read_text("utf-8")
    for name, lines in tables.items():
        marked = rf"(?<=<!-- {name} -->\n).*?(?=<!-- end of {name} -->)"
        text, replaced = re.subn(marked, lambda _match, lines=lines: lines, text, flags=re.DOTALL)  # type: ignore[misc]
        if replaced != 1:
            sys.exit(f"{PAGE.name}: expected one pair of markers <!-- {name} --> and <!-- end of {name} -->")
    PAGE.write_text(text, "utf-8")


def _markdown(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(map(_cell, line))} |\n" for line in lines)


def _cell(cell: object) -> str:
    return f"{cell:,}" if isinstance(cell, int) else str(cell).replace("|", "\\|").replace("\n", "<br>")


def _by_tool(row: Sequence[object]) -> int:
    return list(TOOLS).index(str(row[0]))


RUN_HEADER = (
    *("users", "ms a call", "tool", "calls", "calls x ms", "wall", "CPU", "peak MiB", "emulator"),
    *("users: false positives", "false negatives", "keys: false positives", "false negatives"),
)


def _row(record: Record) -> Sequence[object]:
    serial = f"{record.total * record.latency_ms / 1000:,.0f} s" if record.latency_ms else "-"
    wall = f"more than {record.seconds:,.0f} s, stopped" if record.stopped else f"{record.seconds:,.1f} s"
    cpu = "-" if record.cpu_seconds is None else f"{record.cpu_seconds:,.1f} s"
    peak = "-" if record.peak_mib is None else round(record.peak_mib)
    figures = (record.total, serial, wall, cpu, peak, f"{record.emulator_seconds:,.1f} s")
    return (record.users, f"{record.latency_ms:g}", record.tool, *figures, *_counts(record))


def _counts(record: Record) -> Sequence[object]:
    wrong = (record.wrong_users, record.wrong_keys)
    return (
        [sum(kinds.values()) for by in wrong for kinds in by.values()] if record.found_users is not None else ["-"] * 4
    )


WRONG_HEADER = ("tool", "what", "users", "keys")


def _wrong_rows(record: Record) -> Iterator[Sequence[object]]:
    for what in ("false positives", "false negatives"):
        users, keys = (_kinds(by.get(what, {})) for by in (record.wrong_users, record.wrong_keys))
        yield (record.tool, what, users, keys)


def _kinds(kinds: Mapping[str, int]) -> str:
    return ", ".join(f"{number} {kind}" for kind, number in kinds.items()) or "none"


def _operation_rows(by_tool: Mapping[str, Record]) -> list[Sequence[object]]:
    operations = {name for record in by_tool.values() for name in record.calls} - {"connections"}
    total = Counter({name: sum(record.calls.get(name, 0) for record in by_tool.values()) for name in operations})
    rows = [
        (name, *(record.calls.get(name, 0) for record in by_tool.values())) for name, _number in total.most_common()
    ]
    return [*rows, ("all", *(record.total for record in by_tool.values()))]


SCENARIO_HEADER = ("scenario", "tool", "verdict", "exit code", "false positives", "false negatives", "says of it")
TELLING = re.compile(r"AccessDenied|denied|no findings", re.IGNORECASE)


def _scenario_row(record: Record) -> Sequence[object]:
    wrong = [record.wrong_users.get(what, {}) for what in ("false positives", "false negatives")]
    message = next((line for line in record.said.splitlines() if TELLING.search(line)), "nothing")
    return (record.scenario, record.tool, verdict(record), record.exit_code, *map(_kinds, wrong), message)


def verdict(record: Record) -> str:
    """What a reader of the output is told: right, wrong, nothing with an error, or nothing as if all were well."""
    if record.found_users is None:
        return "no result, and says so" if record.exit_code else "silently empty"
    if not any(record.wrong_users.values()):
        return "right"
    if record.found_users:
        return "wrong"
    return "no finding, and says so" if record.exit_code else "silently empty"


if __name__ == "__main__":
    sys.exit(main())
