"""The pre-commit hooks, as pre-commit itself installs and runs them from a repository."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.processes import POLICY

pytestmark = pytest.mark.sources

TOP = Path(__file__).parents[2]
PRE_COMMIT = Path(sys.executable).with_name("pre-commit")
SHIPPED = ("checker", "rules", "templates", "pyproject.toml", "README.md", "LICENSE", ".pre-commit-hooks.yaml")
TESTS = "tests:\n  - {name: t, user: {name: ann}, expect: {maxAccessKeyAge: %d}}\n"


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-c", "user.name=t", "-c", "user.email=t@example.com", *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


def repository(folder: Path) -> Path:
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "all")
    return folder


@pytest.fixture(scope="module")
def hooks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with what the hooks are installed from."""
    folder = tmp_path_factory.mktemp("hooks")
    for name in SHIPPED:
        source = TOP / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / name)
    return repository(folder)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


CONFIGURED = "repos:\n  - {repo: %s, rev: %s, hooks: [{id: %s}]}\n"


def run(project: Path, cache: Path, hook: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "KEYAGE_", "GIT_"))}
    done = subprocess.run(
        [PRE_COMMIT, "run", hook, "--all-files", "--color=never"],
        cwd=project,
        env=kept | {"PRE_COMMIT_HOME": str(cache), "PIP_NO_COMPILE": "no"},
        capture_output=True,
        text=True,
        timeout=500,
    )
    if "Could not find a version" in done.stdout and os.environ.get("CI") != "true":
        pytest.skip("no package index can be reached")
    return done


def test_the_manifest_is_valid() -> None:
    done = subprocess.run([PRE_COMMIT, "validate-manifest", TOP / ".pre-commit-hooks.yaml"], capture_output=True)
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("hook", "policy", "limit", "code"),
    [
        ("keyage-validate", POLICY, 90, 0),
        ("keyage-validate", POLICY.replace("Age", "Ag"), 90, 1),
        ("keyage-test", POLICY, 90, 0),
        ("keyage-test", POLICY, 91, 1),
        ("keyage-render-check", POLICY, 90, 1),
    ],
)
def test_a_hook_in_a_repository(
    hook: str, policy: str, limit: int, code: int, hooks: Path, cache: Path, tmp_path: Path
) -> None:
    (tmp_path / "policies.yaml").write_text(policy)
    (tmp_path / "policies.test.yaml").write_text(TESTS % limit)
    (tmp_path / ".pre-commit-config.yaml").write_text(CONFIGURED % (hooks, git(hooks, "rev-parse", "HEAD"), hook))
    done = run(repository(tmp_path), cache, hook)
    assert (done.returncode, "Failed" in done.stdout) == (code, bool(code)), done.stdout
