"""`make release VERSION=1.2.3`: two commits and a tag, here alone; nothing is pushed.

The first commit is the release: its version, and its heading with the day in the changelog; the tag is on it. A commit
cannot name itself, so the second one makes README, documentation and examples name it, and opens the changelog again.
"""

import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

TOP = Path(__file__).parent.parent
VERSION_FILE = "checker/__init__.py"
CHANGELOG = "CHANGELOG.md"
NAMING = ("*.md", "examples", "docs", "action.yml", ".pre-commit-hooks.yaml", "Dockerfile")
VERSION = re.compile(r'^__version__ = "(.*)"$', re.MULTILINE)
UNRELEASED = re.compile(r"^## Unreleased\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
# Where a commit of keyage is named, and, in a comment after it, the version that it is.
NAMED = re.compile(r"(OWNER/keyage(?:\.git)?[@#/]|\brev: )([0-9a-f]{40})(?:( +# (?:frozen: )?v)(\d+\.\d+\.\d+))?")


def main(version: str) -> str | None:
    """Makes the release; gives what is in the way of it, having changed nothing."""
    init, changelog = (TOP / VERSION_FILE).read_text("utf-8"), (TOP / CHANGELOG).read_text("utf-8")
    refusal = refused(version, VERSION.findall(init)[0], changelog)
    if refusal:
        return refusal
    heading = f"## {version} - {datetime.now(UTC):%Y-%m-%d}"
    (TOP / VERSION_FILE).write_text(VERSION.sub(f'__version__ = "{version}"', init), "utf-8")
    (TOP / CHANGELOG).write_text(changelog.replace("## Unreleased", heading, 1), "utf-8")
    git("commit", "--quiet", "--all", "--message", f"Release {version}")
    git("tag", "--annotate", f"v{version}", "--message", f"keyage {version}")
    name(git("rev-parse", "HEAD"), version)
    released = (TOP / CHANGELOG).read_text("utf-8")
    (TOP / CHANGELOG).write_text(released.replace(heading, f"## Unreleased\n\n{heading}", 1), "utf-8")
    git("commit", "--quiet", "--all", "--message", f"Name the commit of {version} where keyage is installed from")
    sys.stdout.write(f"v{version} is tagged; see it with git show v{version}, publish it with git push --follow-tags\n")
    return None


def refused(version: str, last: str, changelog: str) -> str | None:
    """Why this release cannot be made, with what to do."""
    if not re.fullmatch(r"(0|[1-9]\d*)(\.(0|[1-9]\d*)){2}", version):
        return f"the version is three numbers: make release VERSION=1.2.3, not {version!r}"
    if numbers(version) <= numbers(last):
        return f"{version} is not newer than {last}, which {VERSION_FILE} names: choose a higher one"
    if git("tag", "--list", f"v{version}"):
        return f"there is a tag v{version} already: choose a higher version"
    if git("status", "--porcelain"):
        return "the tree has changes that are not committed: commit or stash them first"
    entries = UNRELEASED.search(changelog)
    if entries is None or not re.search(r"^- ", entries[1], re.MULTILINE):
        return f"{CHANGELOG} has no entries under Unreleased: write there what changes for users"
    return None


def numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def name(commit: str, version: str) -> None:
    """Make every file that names a commit of keyage name this one."""
    for path in naming():
        text = path.read_text("utf-8")
        path.write_text(NAMED.sub(lambda found: renamed(found, commit, version), text), "utf-8")


def renamed(found: re.Match[str], commit: str, version: str) -> str:
    before, _commit, comment, _version = found.groups()
    return f"{before}{commit}{comment}{version}" if comment else f"{before}{commit}"


def naming() -> list[Path]:
    """The files in which a commit of keyage may be named."""
    return [TOP / path for path in git("ls-files", "--", *NAMING).splitlines()]


def git(*arguments: str) -> str:
    """What git prints; what it says when it refuses is shown, and ends the program."""
    done = subprocess.run(["git", *arguments], cwd=TOP, check=False, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"release: git {arguments[0]} failed; `git status` shows what is left to undo")
    return done.stdout.strip()


if __name__ == "__main__":
    told = main(*sys.argv[1:2] or [""])
    sys.exit(f"release: {told}" if told else 0)
