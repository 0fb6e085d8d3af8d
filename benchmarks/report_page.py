"""How long a browser takes until the table of the HTML report can be used: 1,000, 10,000 and 50,000 keys.

    python benchmarks/report_page.py

Needs chromium. Time counts from the start of the navigation to a local file, median of the runs; a third of the keys
is non-compliant, so that as many have their advice in the page.
"""

import io
import shutil
import statistics
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from checker.evaluate import AccountResult, Counts, Finding
from checker.reports.run import Run, make

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
RUNS = 7
TARGET = 1.0  # seconds, for 10,000 keys
READY = "html[data-ready=true]"


def finding(number: int) -> Finding:
    age = number % 270
    created = NOW - timedelta(days=age)
    return Finding(
        account=f"{number // 100:012d}",
        user=f"svc-{number}",
        user_id=f"AIDA{number:017d}",
        arn=f"arn:aws:iam::{number // 100:012d}:user/svc-{number}",
        access_key_id=f"AKIA{number:016d}",
        status="Active",
        create_date=created,
        age_days=age,
        last_used=None,
        max_access_key_age=180,
        rule=f"rule-{number % 7}",
        exemption=None,
        verdict="NON_COMPLIANT" if age > 180 else "COMPLIANT",
        due_date=created + timedelta(days=180),
    )


def page(keys: int) -> str:
    out = io.StringIO()
    report = make("html", Run(NOW, "policies.yaml", "0" * 64, "live", exact=True, warn=timedelta(days=14)), out)
    for account in range(keys // 100):
        findings = [finding(number) for number in range(account * 100, account * 100 + 100)]
        old = sum(key.verdict == "NON_COMPLIANT" for key in findings)
        counts = Counts(100, 100, 100 - old, old)
        report.account(AccountResult(f"{account:012d}", f"account-{account}", None, counts, findings, (), {}))
    report.end()
    return out.getvalue()


def opened(browser: Browser, file: Path) -> tuple[float, float]:
    """Seconds until the table can be used, and until it is sorted by age."""
    tab = browser.new_page()
    tab.goto(file.as_uri(), wait_until="commit")
    tab.wait_for_selector(READY, state="attached")
    ready = tab.evaluate("performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd")
    sort = "() => { const start = performance.now(); document.querySelector('[data-column=\"4\"] button').click();"
    taken = tab.evaluate(f"{sort} return performance.now() - start; }}")
    tab.close()
    return ready / 1000, taken / 1000


def main() -> int:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        print("there is no chromium on the PATH", file=sys.stderr)
        return 2
    print(f"{'keys':>7}  {'MiB':>5}  {'opens s, median':>15}  {'worst':>6}  {'sorts s':>7}")
    slow = False
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        for keys in (1_000, 10_000, 50_000):
            file = Path(folder) / f"{keys}.html"
            file.write_text(page(keys))
            times = [opened(browser, file) for _run in range(RUNS)]
            ready = [seconds for seconds, _sorted in times]
            median = statistics.median(ready)
            size = file.stat().st_size / 2**20
            sorts = statistics.median(seconds for _ready, seconds in times)
            print(f"{keys:>7,}  {size:>5.1f}  {median:>15.3f}  {max(ready):>6.3f}  {sorts:>7.3f}")
            slow |= keys == 10_000 and median > TARGET
        browser.close()
    return int(slow)


if __name__ == "__main__":
    sys.exit(main())
