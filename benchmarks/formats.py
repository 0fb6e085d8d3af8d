"""How long `check` takes to write each format for one account of very many keys, and whether twice the keys take twice.

Every user has two keys and every key is non-compliant, so that each has its longest text. The quickest of three runs
counts.
"""

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from fleet import NOW
from measure import Measured, compiled_in, expect, judge, keyage, parser, run, table

from checker.reports.formats import names

KEYS = 10_000
RUNS = 3
TARGET = 3  # seconds for so many keys
VERBOSE = ("table", "markdown")  # formats that tell more with --verbose
EMPTY, ONCE, TWICE = 0, 1, 2
HEADER = ("format", "KiB", "wall s", "CPU s", "peak MiB", "time", "twice the keys: wall s", "CPU s")


def main() -> int:
    options = parser(__doc__)
    options.add_argument("--keys", type=int, default=KEYS, help="keys of the account")
    options.add_argument("--formats", nargs="+", default=names("check"), choices=names("check"), metavar="FORMAT")
    arguments = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = list(_rows(Path(folder), arguments.keys, arguments.formats))
    table(HEADER, rows)
    print(f"\ntarget for {KEYS:,} keys of one account: {TARGET} s, in proportion for more")
    return int(any("MISSED" in row for row in rows))


def _rows(folder: Path, keys: int, formats: Sequence[str]) -> Iterator[Sequence[object]]:
    environment = compiled_in(folder / "bytecode")
    (folder / "policies.yaml").write_text("version: 1\ndefault: {maxAccessKeyAge: 90}\n", "utf-8")
    for size in (EMPTY, ONCE, TWICE):
        (folder / f"{size}.json").write_text(json.dumps(_snapshot(keys * size)), "utf-8")
    wanted = [(name, [*how]) for name in formats for how in ((), ("--verbose",)) if not how or name in VERBOSE]
    for name, how in wanted:
        _check(folder, EMPTY, name, how, environment)  # compiles
        once = _best(folder, ONCE, name, how, environment)
        size = (folder / "report").stat().st_size // 1024
        twice = _best(folder, TWICE, name, how, environment)
        kept = judge(once.seconds, TARGET * max(1, keys / KEYS))
        label, peak = " ".join([name, *how]), f"{once.peak_mib:.0f}"
        times = [f"{seconds:.2f}" for seconds in (once.seconds, once.cpu_seconds, twice.seconds, twice.cpu_seconds)]
        yield label, size, *times[:2], peak, kept, *times[2:]


def _best(folder: Path, size: int, name: str, how: Sequence[str], environment: Mapping[str, str]) -> Measured:
    """The quickest of a few: what else the machine does only ever adds."""
    return min(
        (_check(folder, size, name, how, environment) for _run in range(RUNS)), key=lambda measured: measured.seconds
    )


def _check(folder: Path, size: int, name: str, how: Sequence[str], environment: Mapping[str, str]) -> Measured:
    where = ["--policy", str(folder / "policies.yaml"), "--from", str(folder / f"{size}.json")]
    to = ["--format", f"{name}={folder / 'report'}", "--now", NOW.isoformat(), *how]
    return expect(run([keyage(), "check", *where, *to], environment), 0 if size == EMPTY else 1)


def _snapshot(keys: int) -> dict[str, object]:
    users = [
        {
            "name": f"svc-{number:06}",
            "id": f"AIDA{number:017}",
            "arn": f"arn:aws:iam::111122223333:user/service/svc-{number:06}",
            "path": "/service/",
            "tags": {},
            "created": "2020-01-01T00:00:00Z",
            "keys": [
                {"id": f"AKIA{number:015}{place}", "status": "Active", "created": created, "lastUsed": None}
                for place, created in enumerate(("2020-01-02T00:00:00Z", "2021-01-02T00:00:00Z"))
            ],
        }
        for number in range(keys // 2)
    ]
    account = {"id": "111122223333", "name": "large", "ou": "Root", "tags": {}, "users": users}
    return {"schemaVersion": 1, "takenAt": "2026-11-23T00:00:00Z", "accounts": [account]}


if __name__ == "__main__":
    raise SystemExit(main())
