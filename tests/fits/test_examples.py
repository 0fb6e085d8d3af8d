"""Examples and definitions for the tools of others, judged by the schemas and linters of those tools."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from checker.permissions import AUDIT_ROLE, policy_document
from checker.reports.diff.markdown import MARKER
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

# Who may assume which role, as the provider says it, without an AWS.
TRUST = """
mock_provider "aws" {
  override_during = plan
  mock_resource "aws_iam_openid_connect_provider" {
    defaults = { arn = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com" }
  }
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
}

variables { repository = "example/policies" }

run "trust" {
  command = plan
  assert {
    condition = { for name, trust in data.aws_iam_policy_document.trust : name => flatten([
      for statement in trust.statement : [
        for each in statement.condition : each.values if endswith(each.variable, ":sub")
      ]
      ]) } == {
      keyage-organization = ["repo:example/policies:ref:refs/heads/main"]
      keyage-pull-request = ["repo:example/policies:pull_request"]
    }
    error_message = "A role trusts other runs."
  }
}
"""


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


@pytest.mark.parametrize("verb", ["check", "organization"])
def test_the_policy_of_a_role_is_what_permissions_prints(verb: str) -> None:
    written = json.loads((TOP / "examples" / "github" / f"{verb}.json").read_text())
    assert written == policy_document(verb)


def test_the_roles_that_the_workflows_assume_are_made_and_none_is_the_one_in_every_account() -> None:
    assumed = {
        step["with"]["role-to-assume"].partition("/")[2]
        for path in GITHUB
        for job in workflow(path.name)["jobs"].values()
        for step in job["steps"]
        if "configure-aws-credentials" in step.get("uses", "")
    }
    made = re.findall(
        r"^ +(keyage-\w[\w-]*) = \{", (TOP / "examples" / "github" / "roles.tf").read_text(), re.MULTILINE
    )
    assert sorted(assumed) == sorted(made) == ["keyage-organization", "keyage-pull-request"]
    assert AUDIT_ROLE not in made


def test_the_nightly_run_names_the_external_id_that_the_roles_are_rolled_out_with() -> None:
    (given,) = inputs_of_keyage(workflow("nightly.yaml")["jobs"])
    external_id = re.search(r"--external-id=(\S+)", given["arguments"])
    assert external_id is not None
    assert f"ParameterKey=ExternalId,ParameterValue={external_id[1]}" in (TOP / "docs" / "scale.md").read_text()


def test_the_dockerfile_is_one_that_hadolint_accepts() -> None:
    done = ran(HERE / "hadolint", TOP / "Dockerfile")
    assert (done.returncode, done.stdout) == (0, "")


def test_what_the_image_is_built_from_is_not_ignored() -> None:
    kept = {line[1:] for line in (TOP / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert [name for name in sorted(kept) if not (TOP / name).exists()] == []
    assert {"checker", "rules", "templates", "requirements", "pyproject.toml", "README.md", "LICENSE"} <= kept


def test_terraform_takes_the_roles(tmp_path: Path, terraform_in: InFolder) -> None:
    for name in ("roles.tf", "check.json", "organization.json"):
        shutil.copy(TOP / "examples" / "github" / name, tmp_path / name)
    terraform = terraform_in(tmp_path)
    terraform.run("fmt", "-check")
    (tmp_path / "roles.tftest.hcl").write_text(TRUST)
    # It validates first.
    assert ", 0 failed." in terraform.run("test", "-no-color")
