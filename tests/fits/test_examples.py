"""Examples and definitions for the tools of others, judged by the schemas and linters of those tools."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from checker.sources.permissions import policy_document
from tests.generate.terraform_cli import InFolder, terraform_in

__all__ = ["terraform_in"]  # a fixture

pytestmark = pytest.mark.sources

TOP = Path(__file__).parents[2]
HERE = Path(sys.executable).parent
GITHUB = sorted((TOP / "examples" / "github").glob("*.yaml"))
SCHEMAS = [
    *(("vendor.github-workflows", path) for path in GITHUB),
    ("vendor.github-actions", TOP / "action.yml"),
    ("vendor.gitlab-ci", TOP / "examples" / "gitlab" / "keyage.gitlab-ci.yml"),
]


def ran(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(list(map(str, command)), cwd=TOP, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize(("schema", "path"), SCHEMAS, ids=[path.name for _schema, path in SCHEMAS])
def test_as_the_official_schema_says(schema: str, path: Path) -> None:
    done = ran(HERE / "check-jsonschema", "--builtin-schema", schema, path)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout


def test_zizmor_finds_nothing() -> None:
    done = ran(HERE / "zizmor", "--offline", "--no-progress", TOP / "action.yml", *GITHUB)
    assert (done.returncode, "No findings to report" in done.stdout) == (0, True), done.stdout


def test_the_policy_of_the_role_is_that_of_check() -> None:
    written = json.loads((TOP / "examples" / "github" / "check.json").read_text())
    assert written == policy_document("check")


def test_the_dockerfile_is_one_that_hadolint_accepts() -> None:
    done = ran(HERE / "hadolint", TOP / "Dockerfile")
    assert (done.returncode, done.stdout) == (0, "")


def test_what_the_image_is_built_from_is_not_ignored() -> None:
    kept = {line[1:] for line in (TOP / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert [name for name in sorted(kept) if not (TOP / name).exists()] == []
    assert {"checker", "rules", "templates", "requirements", "pyproject.toml", "README.md", "LICENSE"} <= kept


def test_terraform_takes_the_role(tmp_path: Path, terraform_in: InFolder) -> None:
    for name in ("role.tf", "check.json"):
        shutil.copy(TOP / "examples" / "github" / name, tmp_path / name)
    terraform = terraform_in(tmp_path)
    terraform.run("fmt", "-check")
    assert "Success" in terraform.run("validate", "-no-color")
