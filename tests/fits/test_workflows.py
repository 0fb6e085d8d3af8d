"""Our own workflows, issue forms and updates, judged by the schemas and linters of others and by what we promise."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

pytestmark = pytest.mark.sources

TOP = Path(__file__).parents[2]
HERE = Path(sys.executable).parent
GITHUB = TOP / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yaml"))
FORMS = sorted(path for path in (GITHUB / "ISSUE_TEMPLATE").glob("*.yml") if path.name != "config.yml")
SCHEMAS = [
    *(("vendor.github-workflows", path) for path in WORKFLOWS),
    *(("custom.github-workflows-require-timeout", path) for path in WORKFLOWS),
    *(("vendor.github-issue-forms", path) for path in FORMS),
    ("vendor.github-issue-config", GITHUB / "ISSUE_TEMPLATE" / "config.yml"),
    ("vendor.dependabot", GITHUB / "dependabot.yml"),
]
# An action of others: who, what, the commit, and the version that the comment says it is.
USED = re.compile(r"uses: (?P<action>[\w.-]+/[\w./-]+)@(?P<commit>\S+)(?: +# (?P<version>\S+))?")


def ran(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(list(map(str, command)), cwd=TOP, capture_output=True, text=True, timeout=120)


def jobs(name: str) -> Any:
    return yaml.safe_load((GITHUB / "workflows" / name).read_text())["jobs"]


def used() -> set[tuple[str, str, str | None]]:
    """Every action of others that the repository names, but not keyage itself."""
    files = [*WORKFLOWS, TOP / "action.yml", *(TOP / "examples" / "github").glob("*.yaml")]
    found = [match for path in files for match in USED.finditer(path.read_text())]
    return {(each["action"], each["commit"], each["version"]) for each in found if each["action"] != "OWNER/keyage"}


@pytest.mark.parametrize(("schema", "path"), SCHEMAS, ids=[f"{path.stem}-{schema}" for schema, path in SCHEMAS])
def test_as_the_official_schema_says(schema: str, path: Path) -> None:
    done = ran(HERE / "check-jsonschema", "--builtin-schema", schema, path)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout


def test_zizmor_finds_nothing() -> None:
    done = ran(HERE / "zizmor", "--offline", "--no-progress", "--persona=pedantic", "--strict-collection", GITHUB)
    assert (done.returncode, "No findings to report" in done.stdout) == (0, True), done.stdout


def test_an_action_is_one_commit_everywhere_and_says_its_version() -> None:
    assert [each for each in used() if not re.fullmatch("[0-9a-f]{40}", each[1]) or each[2] is None] == []
    assert len(used()) == len({action for action, _commit, _version in used()})


def test_only_the_release_may_write_and_no_job_that_runs_our_code() -> None:
    given = {
        (path.stem, job): {scope for scope, access in made["permissions"].items() if access == "write"}
        for path in WORKFLOWS
        for job, made in jobs(path.name).items()
    }
    assert {where: scopes for where, scopes in given.items() if scopes} == {
        ("release", "attest"): {"attestations", "id-token"},
        ("release", "release"): {"contents"},
        ("release", "publish"): {"id-token"},
    }
    runs_code = {
        (path.stem, job)
        for path in WORKFLOWS
        for job, made in jobs(path.name).items()
        if any("actions/checkout@" in step.get("uses", "") for step in made["steps"])
    }
    assert [where for where in runs_code if given[where]] == []


def test_nothing_is_published_before_it_is_tested_and_attested() -> None:
    needed = {name: job.get("needs") for name, job in jobs("release.yaml").items()}
    both = ["build", "attest"]
    assert needed == {"build": None, "attest": "build", "release": both, "publish": both}


def test_publishing_has_to_be_switched_on_and_knows_no_token() -> None:
    publish = jobs("release.yaml")["publish"]
    assert (publish["if"], publish["environment"]) == ("vars.KEYAGE_PACKAGE_INDEX == 'true'", "package-index")
    assert "secrets." not in (GITHUB / "workflows" / "release.yaml").read_text()


def test_the_tests_run_on_every_python_from_the_oldest_that_is_supported() -> None:
    project = tomllib.loads((TOP / "pyproject.toml").read_text())["project"]
    pythons = jobs("tests.yaml")["tests"]["strategy"]["matrix"]["python"]
    assert pythons == ["3.11", "3.12", "3.13", "3.14"]
    assert project["requires-python"] == f">={pythons[0]}"


def test_what_make_is_told_exists() -> None:
    told = re.findall(r"run: make ([a-z -]+)", "".join(path.read_text() for path in WORKFLOWS))
    goals = set(re.findall(r"^([a-z-]+):", (TOP / "Makefile").read_text(), re.MULTILINE))
    assert told != []
    assert {goal for line in told for goal in line.split()} - goals == set()


@pytest.mark.parametrize("version", ["0.1.0", "1.20.3"])
def test_a_release_has_the_notes_of_its_version(version: str, tmp_path: Path) -> None:
    (step,) = [step for step in jobs("release.yaml")["build"]["steps"] if "GITHUB_REF_NAME" in step.get("run", "")]
    (tmp_path / "checker").mkdir()
    (tmp_path / "checker" / "__init__.py").write_text('__version__ = "1.20.3"\n')
    entries = "# Changelog\n\n## 1.20.3 - 2027-01-02\n\n### Added\n\n- New.\n\n## 1.20.2 - 2027-01-01\n\n- Old.\n"
    (tmp_path / "CHANGELOG.md").write_text(entries)
    command = ["bash", "-e", "-o", "pipefail", "-c", step["run"]]
    done = subprocess.run(
        command, cwd=tmp_path, env={"PATH": "/usr/bin:/bin", "GITHUB_REF_NAME": f"v{version}"}, capture_output=True
    )
    notes = (tmp_path / "notes.md").read_text() if (tmp_path / "notes.md").exists() else None
    assert (done.returncode, notes) == ((0, "\n### Added\n\n- New.\n\n") if version == "1.20.3" else (1, None))


def test_a_wrong_compliant_is_sent_to_the_private_form() -> None:
    config = yaml.safe_load((GITHUB / "ISSUE_TEMPLATE" / "config.yml").read_text())
    assert config["blank_issues_enabled"] is False
    assert [link["url"].rpartition("/keyage/")[2] for link in config["contact_links"]] == ["security/advisories/new"]
    assert "SECURITY.md" in (GITHUB / "ISSUE_TEMPLATE" / "wrong_verdict.yml").read_text()
    assert "private form" in (TOP / "SECURITY.md").read_text()
