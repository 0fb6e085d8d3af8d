"""Examples and definitions for the tools of others, judged by the schemas and linters of those tools."""

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from checker.reports.diff.markdown import MARKER
from tests.docs.blocks import ORGANIZATION

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


def workflow(name: str) -> Any:
    return yaml.safe_load((TOP / "examples" / "github" / name).read_text())


def inputs_of_keyage(jobs: Any) -> list[dict[str, str]]:
    """What the workflow gives the action, a mapping for each step that uses it."""
    steps = [step for job in jobs.values() for step in job["steps"]]
    return [step.get("with", {}) for step in steps if step.get("uses", "").startswith("OWNER/keyage@")]


def test_a_pull_request_is_told_what_the_documentation_says() -> None:
    told = [
        shlex.join([given.get("command", "check"), *given.get("arguments", "").splitlines()])
        for given in inputs_of_keyage(workflow("pull-request.yaml")["jobs"])
    ]
    assert told == [
        "validate --strict",
        "test",
        "render --output=build --check",
        "diff 'git:origin/${{ github.base_ref }}' policies.yaml",
        "check",
    ]


GH = """\
#!/bin/sh
printf '%s\\n' "$*" >> told
[ "$1 $2" != "api --paginate" ] || printf "$COMMENTS"
"""
NEW = "pr comment 7 --body-file diff.md"
EDITED = "api --silent --method PATCH repos/me/policies/issues/comments/11 --field body=@diff.md"


@pytest.mark.parametrize(("comments", "then"), [("", NEW), ("11", EDITED), (r"11\n12\n", EDITED)])
def test_only_a_comment_with_the_marker_is_written_over(tmp_path: Path, comments: str, then: str) -> None:
    steps = workflow("pull-request.yaml")["jobs"]["policy"]["steps"]
    (step,) = [each for each in steps if each.get("name") == "Comment"]
    stand_in = tmp_path / "gh"
    stand_in.write_text(GH)
    stand_in.chmod(0o755)
    known = {"GITHUB_REPOSITORY": "me/policies", "NUMBER": "7", "MARKDOWN": "diff.md", "OURS": step["env"]["OURS"]}
    known |= {"COMMENTS": comments, "PATH": f"{tmp_path}:/usr/bin:/bin"}
    line = ["bash", "-e", "-c", step["run"]]
    subprocess.run(line, cwd=tmp_path, env=known, check=True, timeout=60)
    listing = f"api --paginate repos/me/policies/issues/7/comments --jq {step['env']['OURS']}"
    assert (tmp_path / "told").read_text().splitlines() == [listing, then]
    assert f'"github-actions[bot]" and (.body | contains("{MARKER.strip()}"))' in listing


def test_code_scanning_is_optional_and_alone_may_write() -> None:
    jobs = workflow("nightly.yaml")["jobs"]
    assert {name: job["permissions"] for name, job in jobs.items()} == {
        "keys": {"contents": "read", "id-token": "write"},
        "code-scanning": {"security-events": "write"},
    }
    assert "vars.KEYAGE_CODE_SCANNING == 'true'" in jobs["code-scanning"]["if"]
    assert "GitHub Advanced Security" in (TOP / "examples" / "github" / "nightly.yaml").read_text()


def test_an_included_template_leaves_the_stages_of_the_pipeline_alone() -> None:
    template = yaml.safe_load((TOP / "examples" / "gitlab" / "keyage.gitlab-ci.yml").read_text())
    assert "stages" not in template


def roles_assumed(name: str) -> list[tuple[str, bool]]:
    """The ARNs of the roles that a workflow assumes, and whether each is assumed by the one before."""
    given = [
        step["with"]
        for job in workflow(name)["jobs"].values()
        for step in job["steps"]
        if "configure-aws-credentials" in step.get("uses", "")
    ]
    return [(each["role-to-assume"], each.get("role-chaining", False)) for each in given]


def outputs() -> dict[str, str]:
    """What the apply of the page about organizations prints."""
    return dict(re.findall(r'^(\w+) = "(.*)"$', ORGANIZATION.read_text(), re.MULTILINE))


def test_the_workflows_assume_the_roles_that_one_apply_makes() -> None:
    made = outputs()
    assert roles_assumed("pull-request.yaml") == [(made["pull_request_role_arn"], False)]
    assert roles_assumed("nightly.yaml") == [
        (made["pipeline_role_arn"], False),
        (made["organization_role_arn"], True),
    ]


def test_the_nightly_run_is_the_command_that_the_apply_prints() -> None:
    (given,) = inputs_of_keyage(workflow("nightly.yaml")["jobs"])
    arguments = given["arguments"].replace("=", " ").split()
    assert ["keyage", "check", *arguments[:5]] == shlex.split(outputs()["command"])


def test_the_dockerfile_is_one_that_hadolint_accepts() -> None:
    done = ran(HERE / "hadolint", TOP / "Dockerfile")
    assert (done.returncode, done.stdout) == (0, "")


def test_what_the_image_is_built_from_is_not_ignored() -> None:
    kept = {line[1:] for line in (TOP / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert [name for name in sorted(kept) if not (TOP / name).exists()] == []
    assert {"checker", "rules", "templates", "requirements", "pyproject.toml", "README.md", "LICENSE"} <= kept
