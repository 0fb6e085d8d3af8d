"""`--format csv`: the columns are the keys of the JSON's `keys`, in the same order, and `reason`.

A row is a judged key. A key of which the verdict is open is a row too, UNDECIDED with the reason in the last column;
a user or an account that could not be read is UNREADABLE with its reason there, and an account that was skipped is
SKIPPED with its state, so that none can be overlooked. Times are UTC, ages and limits days; what is not known is
empty, and `lastUsedKnown` tells whether an empty `lastUsed` means that there is no record of use. The text is UTF-8
without a byte order mark.

A spreadsheet takes a cell that begins with = + - @ (or their full-width forms), a tab, a line break or a NUL for a
formula, and opens a file with another separator than the comma in some countries, where the middle of a text becomes
the start of a cell (OWASP, "CSV Injection"). So an apostrophe is put before such a beginning, at the start of a text
and after each ; , | quote, tab or line break in it. Nothing is lost: who reads the file with a program gets the texts
by taking the apostrophe away again wherever GUARDED matches. Ids that AWS gives and the ids of rules never get one.

Spreadsheets take account ids for numbers and drop their leading zeros: import that column as text.
"""

import csv
import re
from typing import Any, TextIO

import msgspec

from checker import evaluate
from checker.evaluate import AccountResult, Finding
from checker.reports.run import Run
from checker.reports.words import written

UNREADABLE, SKIPPED = "UNREADABLE", "SKIPPED"
COLUMNS = [*(field.encode_name for field in msgspec.structs.fields(Finding)), "reason"]
_START = r"(^|[;,|\"\t\r\n])"
_FORMULA = r"[\s'\x00-\x1f\x7f-\x9f\u200b-\u200f\u2060-\u2064\ufeff]*[=+\-@\t\r\n\x00\uff1d\uff0b\uff0d\uff20]"
DANGEROUS = re.compile(rf"{_START}(?={_FORMULA})")
GUARDED = re.compile(rf"{_START}'(?={_FORMULA})")


class CsvReport:
    """Writes every row as it comes."""

    def __init__(self, run: Run, out: TextIO) -> None:
        self._run = run
        self._rows = csv.DictWriter(out, COLUMNS, restval="", lineterminator="\n")
        self._rows.writeheader()

    def account(self, result: AccountResult) -> None:
        for finding in result.findings:
            self._row(msgspec.to_builtins(finding))
        for undecided in result.undecided:
            self._row(msgspec.to_builtins(undecided.finding) | {"reason": undecided.missing})
        for user in result.unread:
            row = {"account": result.id, "user": user.name, "userId": user.id, "arn": user.arn}
            self._row(row | {"verdict": UNREADABLE, "reason": user.reason})
        if result.status == evaluate.UNREADABLE:
            self._row({"account": result.id, "verdict": UNREADABLE, "reason": result.reason})

    def end(self) -> None:
        for account in self._run.skipped:
            self._row({"account": account.id, "verdict": SKIPPED, "reason": account.state})

    def _row(self, values: dict[str, Any]) -> None:
        self._rows.writerow({name: harmless(value) for name, value in values.items()})


def harmless(value: Any) -> Any:
    """The value as a spreadsheet shows it without calculating anything; true and false as in JSON."""
    if isinstance(value, bool):
        return written(value)
    return DANGEROUS.sub(r"\1'", value) if isinstance(value, str) else value
