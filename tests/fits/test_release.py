"""`make release` in a clone, and that every place which names a commit of keyage names the same."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

pytestmark = pytest.mark.sources

TOP = Path(__file__).parents[2]
# As .ci/release.py has it; written again here, because a place that it overlooks must be seen.
PLACES = re.compile(
    r"(?:keyage(?:\.git)?[@#/]|rev: )(?P<commit>[0-9a-f]{40})(?: +# (?:frozen: )?v(?P<version>[\d.]+))?", re.IGNORECASE
)
NONE_YET = "0" * 40
IDENTITY = {f"GIT_{who}_{what}": "t@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}


def git(folder: Path, *arguments: str) -> str:
    environment = os.environ | IDENTITY
    command = ["git", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True, text=True).stdout


def version_of(folder: Path) -> str:
    (found,) = re.findall(r'^__version__ = "(.+)"$', (folder / "checker" / "__init__.py").read_text(), re.MULTILINE)
    return str(found)


def named(folder: Path) -> list[tuple[str, str, str | None]]:
    """Each place that names a commit of keyage: its file, the commit, and the version if it is named."""
    listed = git(folder, "ls-files", "-z", "--", ":!tests", ":!benchmarks", ":!requirements").rstrip("\0").split("\0")
    return [
        (file, found["commit"], found["version"])
        for file in listed
        for found in PLACES.finditer((folder / file).read_text("utf-8", "replace"))
    ]


def headings(folder: Path) -> list[str]:
    return re.findall(r"^## (.+)$", (folder / "CHANGELOG.md").read_text(), re.MULTILINE)


def test_every_place_names_one_commit_which_is_the_version_of_the_checker() -> None:
    found = named(TOP)
    assert {file for file, _commit, _version in found} == {
        "README.md",
        "docs/how-to/install.md",
        "docs/how-to/pull-requests-and-ci.md",
        "docs/how-to/upgrade.md",
        "examples/github/nightly.yaml",
        "examples/github/pull-request.yaml",
    }
    assert len({commit for _file, commit, _version in found}) == 1
    # The release itself still names the one before it: a commit cannot name itself.
    if headings(TOP)[0] == "Unreleased":
        assert {version for _file, _commit, version in found} - {None} == {version_of(TOP)}


def test_the_commit_is_the_one_that_is_tagged() -> None:
    tag = f"v{version_of(TOP)}"
    tagged = git(TOP, "tag", "--list", tag) and git(TOP, "rev-parse", f"{tag}^{{commit}}").strip()
    if headings(TOP)[0] == "Unreleased" and tagged:
        assert {commit for _file, commit, _version in named(TOP)} <= {tagged, NONE_YET}


def test_nothing_says_to_install_keyage_by_its_name_alone() -> None:
    by_name = re.compile(
        r"(?:\bpipx?|\buv(?:x| tool| pip)?) (?:install|run|add) (?:-\S+ )*['\"]?keyage(?![\w-])|install keyage\["
    )
    listed = git(TOP, "ls-files", "-z", "--", ":!tests", ":!CHANGELOG.md").rstrip("\0").split("\0")
    assert [file for file in listed if by_name.search((TOP / file).read_text("utf-8", "replace"))] == []


Releasing = Callable[[str], subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def committed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with the files of this one, as they are now, and one commit."""
    folder = tmp_path_factory.mktemp("committed")
    for file in git(TOP, "ls-files", "-z").rstrip("\0").split("\0"):
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        if (TOP / file).exists():
            shutil.copy2(TOP / file, folder / file)
    git(folder, "init", "--quiet")
    # A copy of a file is the same to git by its size and time, so it need not be read again.
    git(folder, "config", "core.checkStat", "minimal")
    git(folder, "config", "core.trustctime", "false")
    git(folder, "add", "--all", "--force")
    git(folder, "commit", "--quiet", "--message", "all")
    return folder


@pytest.fixture
def clone(committed: Path, tmp_path: Path) -> Path:
    """That repository, to change."""
    return shutil.copytree(committed, tmp_path / "keyage")


def released(folder: Path, version: str) -> subprocess.CompletedProcess[str]:
    command = ["make", "--silent", "release", f"VERSION={version}"]
    return subprocess.run(command, cwd=folder, env=os.environ | IDENTITY, capture_output=True, text=True, timeout=60)


def test_a_release_is_a_tag_and_a_commit_that_names_it(clone: Path) -> None:
    before = git(clone, "rev-parse", "HEAD").strip()
    done = released(clone, "1.20.3")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("v1.20.3 is tagged")
    tagged = git(clone, "rev-parse", "v1.20.3^{commit}").strip()
    assert git(clone, "rev-list", "HEAD").split() == [git(clone, "rev-parse", "HEAD").strip(), tagged, before]
    assert git(clone, "status", "--porcelain") == ""
    assert {commit for _file, commit, _version in named(clone)} == {tagged}
    assert {version for _file, _commit, version in named(clone)} - {None} == {"1.20.3"}
    assert (version_of(clone), len(named(clone))) == ("1.20.3", len(named(TOP)))
    heading = f"1.20.3 - {datetime.now(UTC):%Y-%m-%d}"
    assert headings(clone)[:2] == ["Unreleased", heading]
    at_tag = git(clone, "show", "v1.20.3:CHANGELOG.md")
    assert (f"## {heading}\n\n### Added" in at_tag, "## Unreleased" in at_tag) == (True, False)
    assert git(clone, "show", "v1.20.3:checker/__init__.py").endswith('__version__ = "1.20.3"\n')


def test_what_is_released_says_its_version_and_is_released_again_only_with_news(clone: Path) -> None:
    assert released(clone, "1.0.0").returncode == 0
    again = released(clone, "1.0.1")
    assert (again.returncode == 0, "no entries under Unreleased" in again.stderr) == (False, True)
    changelog = clone / "CHANGELOG.md"
    changelog.write_text(changelog.read_text().replace("## Unreleased\n", "## Unreleased\n\n- News.\n", 1))
    git(clone, "commit", "--quiet", "--all", "--message", "news")
    assert released(clone, "1.0.1").returncode == 0
    assert headings(clone)[0] == "Unreleased"
    assert {version for _file, _commit, version in named(clone)} - {None} == {"1.0.1"}


@pytest.mark.parametrize("version", ["", "1", "1.2", "v1.2.3", "1.2.3rc1", "01.2.3", "1.2.3 4", "1.2.3'"])
def test_a_version_is_three_numbers(version: str, clone: Path) -> None:
    refused(clone, version, "the version is three numbers")


@pytest.mark.parametrize("version", ["0.0.9", "same"])
def test_a_version_that_is_not_newer_is_refused(version: str, clone: Path) -> None:
    refused(clone, version_of(clone) if version == "same" else version, "is not newer than")


def test_numbers_are_compared_as_numbers(clone: Path) -> None:
    assert released(clone, "0.9.0").returncode == 0
    refused(clone, "0.8.10", "is not newer than 0.9.0")
    refused(clone, "0.10.0", "no entries under Unreleased")


def test_a_tag_that_exists_is_refused(clone: Path) -> None:
    git(clone, "tag", "v1.2.3")
    refused(clone, "1.2.3", "there is a tag v1.2.3 already")


@pytest.mark.parametrize("file", ["README.md", "new.txt"])
def test_a_tree_with_changes_is_refused(file: str, clone: Path) -> None:
    (clone / file).write_text("changed")
    refused(clone, "1.2.3", "changes that are not committed", f"{file}\n")


def refused(folder: Path, version: str, why: str, changed: str = "") -> None:
    """The release is refused with the reason, and nothing has changed."""
    before = git(folder, "for-each-ref")
    done = released(folder, version)
    assert (done.returncode == 0, why in done.stderr, done.stdout) == (False, True, "")
    assert (git(folder, "for-each-ref"), git(folder, "status", "--porcelain")[3:]) == (before, changed)
