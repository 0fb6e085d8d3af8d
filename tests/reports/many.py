"""Findings as many and as odd as a test wants them."""

import io

import msgspec
from hypothesis import strategies as st

from checker.evaluate import AccountResult, Counts, Finding
from checker.reports.run import Run, make
from tests.support.fixtures import ago

ODD = st.text(st.characters(codec=None, categories=None), max_size=40) | st.sampled_from(
    [
        "=cmd|' /C calc'!A0",
        "\r\n::error::owned",
        "</script><script>alert(1)</script>",
        "a|b`c",
        "@everyone #1",
        "\x1b[31m",
    ]
)
FINDING = Finding(
    account="111122223333",
    user="svc-ledger",
    user_id="AIDA1",
    arn="arn:aws:iam::111122223333:user/svc-ledger",
    access_key_id="AKIA1",
    status="Active",
    create_date=ago(100),
    age_days=100,
    last_used=None,
    max_access_key_age=90,
    rule="default",
    exemption=None,
    verdict="NON_COMPLIANT",
    due_date=ago(10),
)


def overdue(number: int) -> Finding:
    """The key of that number is as many hours overdue."""
    return msgspec.structs.replace(
        FINDING, access_key_id=f"AKIA{number:016d}", create_date=ago(90 + number / 24), due_date=ago(number / 24)
    )


def result(*findings: Finding, reason: str | None = None, account: str | None = "111122223333") -> AccountResult:
    counts = Counts(len(findings), len(findings), non_compliant=len(findings))
    return AccountResult(account, None, reason, counts, findings, (), {})


def report(name: str, run: Run, *results: AccountResult) -> str:
    out = io.StringIO()
    made = make(name, run, out)
    for one in results:
        made.account(one)
    made.end()
    return out.getvalue()
