"""The site builds without a warning, from every page, without the network; a link into nothing is an error."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.blocks import DOCS, TOP

pytestmark = pytest.mark.sources

BUILD = [sys.executable, "-m", "sphinx", "-q", "-n", "-W", "--keep-going", "-b", "html"]


def build(source: Path, output: Path) -> tuple[int, str]:
    """The exit code, and everything that Sphinx had to say."""
    # Sphinx must not reach anything: an address that nobody serves stands for the network.
    nowhere = {"http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9", "PATH": ""}
    done = subprocess.run(
        [*BUILD, "-d", str(output / ".doctrees"), str(source), str(output)],
        env=nowhere | {"PYTHONPATH": str(TOP)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("site")
    assert build(DOCS, output) == (0, "")
    return output


def test_every_page_is_built(site: Path) -> None:
    sources = [page.relative_to(DOCS).with_suffix("").as_posix() for page in DOCS.rglob("*.md")]
    assert [name for name in sources if not (site / f"{name}.html").is_file()] == []


def test_a_page_loads_nothing_from_elsewhere(site: Path) -> None:
    loads = re.compile(r"""<(?:script|img|iframe|link)\b[^>]*?(?:src|href)=["'](?:https?:)?//""")
    assert [page.name for page in site.rglob("*.html") if loads.search(page.read_text("utf-8"))] == []


def test_the_comments_for_the_tests_do_not_show(site: Path) -> None:
    shown = re.compile(r"&lt;!--")
    assert [page.name for page in site.rglob("*.html") if shown.search(page.read_text("utf-8"))] == []


def linking(folder: Path, *links: str) -> Path:
    """The source of a site of one page that has no links, and a page with each of the links."""
    shutil.copytree(DOCS / "_static", folder / "_static")
    text = (DOCS / "conf.py").read_text("utf-8").replace("Path(__file__).parent.parent", f"Path({str(TOP)!r})")
    (folder / "conf.py").write_text(text)
    (folder / "there.md").write_text("# There\n\n## Read it\n")
    pages = "".join(f"link{number}\n" for number in range(len(links)))
    (folder / "index.md").write_text(f"# Top\n\n```{{toctree}}\nthere\n{pages}```\n")
    for number, link in enumerate(links):
        (folder / f"link{number}.md").write_text(f"# Link {number}\n\n{link}\n")
    return folder


def test_a_link_to_a_page_or_a_heading_is_no_error(tmp_path: Path) -> None:
    source = linking(tmp_path / "docs", "[x](there.md)", "[x](there.md#read-it)")
    assert build(source, tmp_path / "site") == (0, "")


def test_a_link_into_nothing_is_an_error(tmp_path: Path) -> None:
    nowhere = {"[x](there.md#nowhere)": "nowhere", "[x](missing.md)": "missing.md", "[x](#nowhere)": "nowhere"}
    code, said = build(linking(tmp_path / "docs", *nowhere), tmp_path / "site")
    lines = said.splitlines()
    told = [
        [line for line in lines if f"link{number}.md" in line and word in line]
        for number, word in enumerate(nowhere.values())
    ]
    assert (code, [len(each) for each in told]) == (1, [1, 1, 1])
