"""The HTML report in a real browser."""

import io
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Self

import msgspec
import pytest
from PIL import Image, ImageChops
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.reports.many import FINDING, overdue, report, result
from tests.reports.test_reports import GOLDEN, RUN, rendered

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
TOLERATED = 0.06  # share of pixels: fonts differ from machine to machine
HOSTILE = "<img src=x onerror=\"document.title='owned'\">"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        assert os.environ.get("CI") != "true", "CI needs a chromium"
        pytest.skip("there is no chromium on the PATH")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield started
        started.close()


class Tab:
    """A page of the browser, and what the report in it complained about or asked the network for."""

    def __init__(self, page: Page) -> None:
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page = page
        self.file = Path()
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.requests.append(request.url))

    def open(self, file: Path, text: str) -> Self:
        """Show a report as a page that was never used shows it."""
        file.write_text(text)
        self.page.set_viewport_size({"width": 1280, "height": 1000})
        self.page.emulate_media(media="null", color_scheme="null")
        self.page.mouse.move(0, 0)
        self.complaints.clear()
        self.requests.clear()
        self.page.goto(file.as_uri())
        self.file = file
        return self

    def column(self, number: int) -> list[str]:
        found: list[str] = self.page.locator(f"#body tr > :nth-child({number})").all_inner_texts()
        return found

    def is_quiet(self) -> None:
        assert self.complaints == []
        assert [url for url in self.requests if not url.startswith(self.file.as_uri())] == []


@pytest.fixture(scope="module")
def tab(browser: Browser) -> Tab:
    """One for all tests: each page would be a process of its own, and take four times as long."""
    return Tab(browser.new_page())


@pytest.fixture
def opened(tab: Tab, tmp_path: Path) -> Iterator[Tab]:
    yield tab.open(tmp_path / "report.html", rendered("html", show_all=True))
    tab.is_quiet()


AGE, USER, RULE = 5, 3, 8
HEADINGS = ["Status", "Account", "User", "Access key", "Age", "Limit", "Due", "Rule", "Last used"]
LINES = "(() => { const r = document.createRange(); r.selectNodeContents(one); return r.getClientRects().length; })()"
FAULTS = """() => {
  const faults = [], all = (what, where = document) => [...where.querySelectorAll(what)];
  const box = (one) => one.getBoundingClientRect();
  const apart = (a, b) => a.right <= b.left || b.right <= a.left || a.bottom <= b.top + 1 || b.bottom <= a.top + 1;
  const fault = (is, what) => is && faults.push(what);
  fault(document.documentElement.scrollWidth > innerWidth, "wider than the window");
  const parts = all(".bars bdi, .bars svg, .bars .number").map(box);
  fault(parts.some((a, i) => parts.slice(i + 1).some((b) => !apart(a, b))), "parts of bars overlap");
  fault(all(".bars svg").some((one) => box(one).width < 90), "a bar of no width");
  for (const axis of all("figure svg .axis.x")) {
    const texts = all("text", axis).map(box);
    fault(texts.some((a, i) => texts.slice(i + 1).some((b) => !apart(a, b))), "labels of an axis overlap");
  }
  for (const one of all(".filters div")) {
    fault(Math.abs(box(one).width - box(one.lastElementChild).width) > 1, "a gap beside a filter");
  }
  const tiles = all(".totals div"), end = box(all(".totals")[0]).right;
  const rows = Object.values(Object.groupBy(tiles, (one) => Math.round(box(one).top)));
  fault(rows.some((row) => Math.abs(box(row.at(-1)).right - end) > 1), "a row of tiles that ends early");
  fault(rows.some((row) => new Set(row.map((one) => Math.round(box(one.children[1]).top))).size > 1), "uneven numbers");
  fault(tiles.some((one) => box(one.children[0]).height > 30), "a tile's words on two lines");
  return faults;
}"""
ON_TOP = """(() => {
  const head = document.querySelector("#head").children[3], {left, top} = head.getBoundingClientRect();
  return head.contains(document.elementFromPoint(left + 5, top + 8));
})()"""


def test_every_key_is_shown_the_longest_overdue_first(opened: Tab) -> None:
    expect(opened.page.get_by_role("status")).to_have_text("10 keys")
    assert opened.column(USER)[:2] == ["svc-old", "svc-ledger"]


def test_the_heading_sorts_both_ways_and_says_so(opened: Tab) -> None:
    heading = opened.page.get_by_role("columnheader", name="Age")
    expect(heading).to_have_attribute("aria-sort", "none")
    heading.get_by_role("button").click()
    expect(heading).to_have_attribute("aria-sort", "ascending")
    ages = [int(text.split()[0]) for text in opened.column(AGE)]
    assert ages == sorted(ages)
    heading.get_by_role("button").click()
    expect(heading).to_have_attribute("aria-sort", "descending")
    assert [int(text.split()[0]) for text in opened.column(AGE)] == ages[::-1]


def test_the_keyboard_sorts(opened: Tab) -> None:
    button = opened.page.get_by_role("columnheader", name="User").get_by_role("button")
    button.focus()
    opened.page.keyboard.press("Enter")
    assert opened.column(USER)[0] == "alice"
    opened.page.keyboard.press("Space")
    assert opened.column(USER)[0] == "we=ird+na.me@x"


@pytest.mark.parametrize(
    ("label", "choice", "count"),
    [
        ("Status", "Non-compliant", "4 of 10 keys"),
        ("Status", "Not active", "1 of 10 keys"),
        ("Account", "012345678901", "1 of 10 keys"),
        ("Rule", "prod-service-users", "5 of 10 keys"),
    ],
)
def test_a_choice_filters(label: str, choice: str, count: str, opened: Tab) -> None:
    opened.page.get_by_label(label, exact=True).select_option(label=choice)
    expect(opened.page.get_by_role("status")).to_have_text(count)
    opened.page.get_by_role("button", name="Reset").click()
    expect(opened.page.get_by_role("status")).to_have_text("10 keys")


@pytest.mark.parametrize(
    ("text", "users"),
    [("nobody at all", []), ("SVC-OLD", ["svc-old"]), ("legacy vendor", ["sftp-legacy"]), ("0000004", ["svc-ledger"])],
)
def test_text_filters_by_every_word(text: str, users: list[str], opened: Tab) -> None:
    opened.page.get_by_label("Text", exact=True).fill(text)
    expect(opened.page.get_by_role("status")).to_have_text(f"{len(users)} of 10 keys")
    assert opened.column(USER) == users


def test_how_to_resolve_opens_closes_and_can_be_linked_to(opened: Tab) -> None:
    opened.page.get_by_role("link", name="How to resolve AKIA0000000000000004 of svc-ledger").click()
    dialog = opened.page.get_by_role("dialog", name="How to resolve")
    expect(dialog).to_contain_text("aws iam update-access-key --user-name svc-ledger")
    linked = opened.page.url
    opened.page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(opened.page).to_have_url(opened.file.as_uri())
    opened.page.goto(linked)
    opened.page.reload()
    expect(dialog).to_contain_text("svc-ledger")


def test_many_keys_come_as_they_are_asked_for(tab: Tab, tmp_path: Path) -> None:
    many = tab.open(tmp_path / "many.html", report("html", RUN, result(*map(overdue, range(450)))))
    assert len(many.column(1)) == 200
    many.page.get_by_role("button", name="Show 200 more of 250").click()
    assert len(many.column(1)) == 400
    assert many.page.evaluate("document.activeElement.rowIndex") == 201
    many.page.get_by_label("Text", exact=True).fill(f"AKIA{3:016d}")
    assert many.column(4) == [f"AKIA{3:016d}"]
    many.is_quiet()


def test_hostile_names_stay_text(tab: Tab, tmp_path: Path) -> None:
    odd = msgspec.structs.replace(FINDING, user=HOSTILE, account=HOSTILE, rule=HOSTILE)
    page = tab.open(tmp_path / "odd.html", report("html", RUN, result(odd), result(reason=HOSTILE)))
    assert page.column(USER) == [HOSTILE]
    assert (page.page.title(), page.page.locator("img").count()) == ("Access keys: 1 too old", 0)
    page.is_quiet()


def test_a_script_that_got_in_would_not_run(tab: Tab, tmp_path: Path) -> None:
    text = rendered("html").replace("</main>", "<script>document.title = 'owned'</script></main>")
    page = tab.open(tmp_path / "owned.html", text)
    assert page.page.title() == "Access keys: 4 too old"
    assert [one for one in page.complaints if "Content Security Policy" in one] != []


def test_without_scripts_the_findings_are_there(browser: Browser, tmp_path: Path) -> None:
    page = Tab(browser.new_page(java_script_enabled=False)).open(tmp_path / "r.html", rendered("html", show_all=True))
    expect(page.page.locator("noscript table")).to_contain_text("AKIA0000000000000006")


def test_a_third_press_brings_the_first_order_back(opened: Tab) -> None:
    before, button = opened.column(USER), opened.page.get_by_role("columnheader", name="User").get_by_role("button")
    for _press in range(3):
        button.click()
    assert opened.column(USER) == before


def test_sorting_survives_filtering_and_its_reset(opened: Tab) -> None:
    heading = opened.page.get_by_role("columnheader", name="User")
    heading.get_by_role("button").click()
    sorted_users = opened.column(USER)
    opened.page.get_by_label("Rule", exact=True).select_option(label="prod-service-users")
    assert opened.column(USER) == ["svc-edge", "svc-edge", "svc-ledger", "svc-ledger", "svc-old"]
    opened.page.get_by_label("Text", exact=True).fill("ledger")
    assert opened.column(USER) == ["svc-ledger", "svc-ledger"]
    opened.page.get_by_role("button", name="Reset").click()
    expect(heading).to_have_attribute("aria-sort", "ascending")
    assert opened.column(USER) == sorted_users


def test_what_is_not_known_can_be_filtered_and_comes_last_where_it_is_sorted(tab: Tab, tmp_path: Path) -> None:
    unknown = msgspec.structs.replace(overdue(1), rule=None, max_access_key_age=None, due_date=None)
    page = tab.open(tmp_path / "r.html", report("html", RUN, result(unknown, overdue(2))))
    page.page.get_by_role("columnheader", name="Rule").get_by_role("button").click()
    assert page.column(RULE) == ["default", "unknown"]
    page.page.get_by_label("Rule", exact=True).select_option(label="unknown")
    assert page.column(RULE) == ["unknown"]
    page.is_quiet()


def test_the_header_row_stays_in_sight(tab: Tab, tmp_path: Path) -> None:
    page = tab.open(tmp_path / "many.html", report("html", RUN, result(*map(overdue, range(150)))))
    page.page.get_by_role("row").last.scroll_into_view_if_needed()
    expect(page.page.get_by_role("columnheader", name="Access key")).to_be_in_viewport(ratio=1)
    assert page.page.evaluate(ON_TOP) is True
    page.is_quiet()


@pytest.mark.parametrize("width", [1440, 1920])
def test_on_a_wide_screen_no_id_breaks_and_all_columns_are_seen(width: int, opened: Tab) -> None:
    opened.page.set_viewport_size({"width": width, "height": 900})
    lines = "[...document.querySelectorAll('#body .key, #body .id, #body .day, #body .number')]"
    assert opened.page.evaluate(f"{lines}.filter((one) => one.textContent && {LINES} > 1).length") == 0
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [320, 390, 800])
def test_on_a_narrow_screen_each_key_is_a_card(width: int, opened: Tab) -> None:
    opened.page.set_viewport_size({"width": width, "height": 900})
    card = opened.page.locator("#body tr").first
    labels = "(card) => [...card.children].map((one) => getComputedStyle(one, '::before').content)"
    assert card.evaluate(labels) == [f'"{name}"' for name in HEADINGS]
    tops = card.locator("> *").evaluate_all("(cells) => cells.map((cell) => cell.getBoundingClientRect().top)")
    assert tops == sorted(set(tops))
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
    opened.page.get_by_role("columnheader", name="User").get_by_role("button").click()
    assert opened.column(USER)[0] == "alice"


def test_a_name_as_long_as_iam_allows_fits_a_phone(tab: Tab, tmp_path: Path) -> None:
    odd = msgspec.structs.replace(FINDING, user="a" * 64, rule="r" * 64)
    page = tab.open(tmp_path / "r.html", report("html", RUN, result(odd)))
    page.page.set_viewport_size({"width": 390, "height": 900})
    assert page.page.evaluate("document.documentElement.scrollWidth") <= 390
    page.is_quiet()


def test_on_paper_all_columns_are_seen_and_no_key_or_account_id_breaks(opened: Tab) -> None:
    opened.page.set_viewport_size({"width": 720, "height": 1000})
    opened.page.emulate_media(media="print")
    lines = "[...document.querySelectorAll('#body .key, #body span.id, #body .day')]"
    assert opened.page.evaluate(f"{lines}.filter((one) => one.textContent && {LINES} > 1).length") == 0
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= 720


def test_no_figure_and_no_text_is_wider_than_a_phone(tab: Tab, tmp_path: Path) -> None:
    page = tab.open(tmp_path / "r.html", rendered("html", show_all=True))
    page.page.set_viewport_size({"width": 400, "height": 900})
    assert page.page.evaluate("document.documentElement.scrollWidth") <= 400


NAMES = {
    "one": ["prod"],
    "short": [f"acc{number:02}" for number in range(6)],
    "long": [f"production-payments-eu-central-settlement-{number:02}" for number in range(12)],
    "longer than any": ["x" * 120, "a b " * 30, "z-" * 60],
    "many": [f"team-{number:03}-workloads" for number in range(300)],
    "not Latin": [
        "生产环境-支付-结算-欧洲中部-账户一号",
        "إنتاج المدفوعات الأوروبية المركزية",
        "Продакшн-платежи-Центральная-Европа",
    ],
}


@pytest.mark.parametrize("names", NAMES.values(), ids=NAMES)
def test_names_of_any_length_and_script_fit_every_screen(names: list[str], tab: Tab, tmp_path: Path) -> None:
    accounts = []
    for number, name in enumerate(names):
        account, rule = (
            f"{number:012}",
            ("default", "a-rule-with-a-rather-long-name-for-users-of-settlement")[number % 2],
        )
        keys = [msgspec.structs.replace(overdue(key), account=account, rule=rule) for key in range(1 + number % 5)]
        accounts.append(replace(result(*keys, account=account), name=name))
    page = tab.open(tmp_path / "r.html", report("html", RUN, *accounts))
    found = {}
    for width in (1920, 1440, 1240, 1100, 800, 641, 390, 320):
        page.page.set_viewport_size({"width": width, "height": 900})
        found[width] = page.page.evaluate(FAULTS)
    assert {width: faults for width, faults in found.items() if faults} == {}
    assert page.page.locator(".bars bdi").all_inner_texts() != []
    page.is_quiet()


@pytest.mark.golden
@pytest.mark.parametrize("scheme", ["light", "dark", "print", "phone"])
def test_as_in_the_screenshot(scheme: str, tab: Tab, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    page = tab.open(tmp_path / "r.html", rendered("html", show_all=True))
    if scheme == "print":
        page.page.emulate_media(media="print")
    elif scheme == "phone":
        page.page.set_viewport_size({"width": 390, "height": 844})
        page.page.locator("#keys").evaluate("(keys) => keys.scrollIntoView()")
    else:
        page.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    golden = GOLDEN / f"html-{scheme}.png"
    taken = Image.open(io.BytesIO(page.page.screenshot())).convert("RGB")
    if request.config.getoption("force_regen"):
        taken.quantize(64).save(golden, optimize=True)
        pytest.fail(f"{golden.name} was written")
    kept = Image.open(golden).convert("RGB")
    assert taken.size == kept.size
    small = [image.resize((320, 250)).convert("L") for image in (taken, kept)]
    histogram = ImageChops.difference(*small).histogram()
    assert sum(histogram[64:]) / sum(histogram) <= TOLERATED
