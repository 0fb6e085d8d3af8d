"""How long keyage takes to judge millions of keys from a JSON Lines snapshot, and how much memory."""

import json
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from fleet import KEYS, NOW, Written, policy_text, write_snapshot
from measure import MIB, Measured, compiled_in, expect, judge, keyage, parser, run, table

FIVE_MILLION = 5_000_000
SECONDS_TARGET = 30  # for five million keys
PEAK_TARGET = 1024  # MiB
HEADER = ("rules", "users", "keys", "file MiB", "wall s", "CPU s", "keys/s", "peak MiB", "findings", "time", "memory")


def main() -> int:
    options = parser(__doc__)
    options.add_argument("--keys", type=int, default=FIVE_MILLION, help="keys in the snapshot, about 1.6 a user")
    options.add_argument("--rules", type=int, nargs="+", default=[1, 20, 200, 2000], help="rules of each policy tried")
    options.add_argument("--noncompliant", type=float, default=0.02, help="share of the keys that is overdue")
    options.add_argument("--no-half", action="store_true", help="leave out the runs on half the users")
    arguments = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = list(_rows(Path(folder), arguments.keys, arguments.noncompliant, arguments.rules, not arguments.no_half))
    table(HEADER, rows)
    print(f"\ntargets for {FIVE_MILLION:,} keys: {SECONDS_TARGET} s, in proportion for fewer; {PEAK_TARGET} MiB")
    return 0


def _rows(folder: Path, keys: int, share: float, rules: Sequence[int], half: bool) -> Iterator[Sequence[object]]:
    environment = compiled_in(folder / "bytecode")
    snapshot = folder / "snapshot.jsonl"
    small = write_snapshot(snapshot, KEYS, share)
    _check(snapshot, small, rules[0], environment)
    for size in [keys // 2, keys] if half else [keys]:
        written = write_snapshot(snapshot, size, share)
        for count in rules:
            measured = _check(snapshot, written, count, environment)
            row = _row(count, written, snapshot.stat().st_size, measured)
            print(f"{written.keys:,} keys, {count} rules: {measured.seconds:.1f} s", file=sys.stderr)
            yield row


def _check(snapshot: Path, written: Written, rules: int, environment: Mapping[str, str]) -> Measured:
    """Run the check and make sure that it found what there is to find."""
    policy, report = snapshot.with_name("policies.yaml"), snapshot.with_name("report.json")
    policy.write_text(policy_text(rules), "utf-8")
    where = ["--policy", str(policy), "--from", str(snapshot), "--now", NOW.isoformat()]
    command = [keyage(), "check", *where, "--show", "findings", "--format", f"json={report}"]
    measured = expect(run(command, environment), 1 if written.overdue else 0)
    summary = _summary(report)
    reported = Written(summary["users"], summary["keys"], summary["nonCompliant"])
    if reported != written:
        sys.exit(f"wrong: the snapshot has {written}, keyage found {reported}")
    return measured


def _summary(report: Path) -> dict[str, int]:
    """From the start of the report, which may be too long to load."""
    with report.open(encoding="utf-8") as stream:
        match = re.search(r'"summary": (\{.*?\})', stream.read(4096))
    summary: dict[str, int] = json.loads(match[1]) if match else {}
    return summary


def _row(rules: int, written: Written, size: int, measured: Measured) -> Sequence[object]:
    return (
        f"{rules:,}",
        written.users,
        written.keys,
        round(size / MIB),
        f"{measured.seconds:.1f}",
        f"{measured.cpu_seconds:.1f}",
        round(written.keys / measured.seconds),
        round(measured.peak_mib),
        written.overdue,
        judge(measured.seconds, SECONDS_TARGET * written.keys / FIVE_MILLION),
        judge(measured.peak_mib, PEAK_TARGET),
    )


if __name__ == "__main__":
    sys.exit(main())
