"""`keyage diff` as people call it: files and revisions, with and without state, in every format."""

import json
import subprocess
from pathlib import Path

import pytest
from pytest_regressions.file_regression import FileRegressionFixture

from tests.support.processes import ACCOUNT, KEY, NOW, POLICY, here, keyage

GOLDEN = Path(__file__).parents[1] / "golden" / "diff"
BASE = (
    POLICY
    + "rules:\n  - {id: short, users: s-*, maxAccessKeyAge: 10}\n  - {id: team, users: t-*, maxAccessKeyAge: 20}\n"
)
HEAD = """\
version: 1
default: {maxAccessKeyAge: 60}
rules:
  - {id: short, users: s-*, maxAccessKeyAge: 30}
exemptions:
  - {id: vendor, users: v-*, reason: "a | b <i> @all", approvedBy: me, expires: 2027-01-31}
"""


def user(name: str, created: str) -> str:
    key = KEY % (name.upper(), f"{created}T00:00:00Z")
    return f'{{"name":"{name}","path":"/","tags":{{}},"keys":[{key}]}}'


USERS = ",".join(
    user(name, created)
    for name, created in (
        ("ann", "2026-09-10"),
        ("s-1", "2026-11-01"),
        ("t-1", "2026-10-10"),
        ("v-1", "2026-01-01"),
        ("young", "2026-11-20"),
    )
)


def folder(path: Path) -> Path:
    (path / "base.yaml").write_text(BASE)
    (path / "head.yaml").write_text(HEAD)
    (path / "s.jsonl").write_text(ACCOUNT % USERS)
    return path


def repository(path: Path) -> Path:
    """A repository with a policy in a folder, changed and not committed."""
    infra = path / "infra"
    infra.mkdir()
    (infra / "policies.yaml").write_text(BASE)
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.com")
    for command in (("init", "-q"), ("add", "."), (*identity, "commit", "-qm", "base")):
        subprocess.run(["git", *command], cwd=path, check=True)  # noqa: S607 -- the machine's git
    (infra / "policies.yaml").write_text(HEAD)
    return infra


def test_no_change_is_0_and_said(tmp_path: Path) -> None:
    done = keyage(folder(tmp_path), "diff", "base.yaml", "base.yaml")
    assert (done.returncode, done.stdout, done.stderr) == (0, "The policy says the same as before.\n", "")


@pytest.mark.golden
@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("diff.txt", ["--format", "text"]),
        ("diff.md", ["--format", "markdown"]),
        ("diff.json", ["--format", "json"]),
        ("diff-rules.txt", []),
        ("diff-rules.json", ["--format", "json"]),
    ],
)
def test_a_change_in_every_format(
    name: str, arguments: list[str], tmp_path: Path, file_regression: FileRegressionFixture
) -> None:
    state = [] if "rules" in name else ["--from", "s.jsonl"]
    done = here(folder(tmp_path), "diff", "base.yaml", "head.yaml", "--now", NOW, *state, *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    file_regression.check(done.stdout, fullpath=GOLDEN / name, encoding="utf-8")


def test_policy_is_for_a_revision_without_a_path(tmp_path: Path) -> None:
    (tmp_path / "policies.yaml").write_text(POLICY)
    done = here(tmp_path, "diff", "policies.yaml", "policies.yaml", "--policy", "nope.yaml")
    assert (done.returncode, done.stdout) == (2, "")
    assert "--policy is for git:REV without PATH: add it, or leave this out" in done.stderr
    assert here(tmp_path, "diff", "policies.yaml", "policies.yaml", KEYAGE_POLICY="nope.yaml").returncode == 0


def test_several_formats_at_once(tmp_path: Path) -> None:
    done = here(folder(tmp_path), "diff", "base.yaml", "head.yaml", "--format", "text", "--format", "json=d.json")
    assert done.stdout.startswith("4 changes, 3 of which can loosen the policy.\n")
    found = json.loads((tmp_path / "d.json").read_text())
    assert (found["loosens"], found["state"], len(found["changes"])) == (True, None, 4)


@pytest.mark.parametrize(
    ("base", "head"), [("git:HEAD", "policies.yaml"), ("git:HEAD:infra/policies.yaml", "policies.yaml")]
)
def test_a_revision_of_the_repository(base: str, head: str, tmp_path: Path) -> None:
    done = here(repository(tmp_path), "diff", base, head, "--format", "json")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["base"]["file"] == "HEAD:infra/policies.yaml"
    assert [one["id"] for one in json.loads(done.stdout)["changes"]] == ["short", "team", "vendor", "default"]


@pytest.mark.parametrize(
    ("base", "message"),
    [
        ("git:nope", "error: git:nope: git knows no revision 'nope'; a shallow clone lacks most: fetch it first\n"),
        (
            "git:HEAD:none.yaml",
            "error: git:HEAD:none.yaml: there is no none.yaml in that revision; name another as git:HEAD:PATH\n",
        ),
        (
            "git:--help",
            "error: git:--help: git knows no revision '--help'; a shallow clone lacks most: fetch it first\n",
        ),
        ("none.yaml", "error: cannot read the policy none.yaml: No such file or directory\n"),
    ],
)
def test_what_cannot_be_found_is_2(base: str, message: str, tmp_path: Path) -> None:
    done = here(repository(tmp_path), "diff", base, "policies.yaml")
    assert (done.returncode, done.stdout, done.stderr) == (2, "", message)


def test_a_revision_without_git_in_front_is_told(tmp_path: Path) -> None:
    folder = repository(tmp_path)
    for base, head in (("HEAD", "policies.yaml"), ("policies.yaml", "HEAD"), ("HEAD:policies.yaml", "policies.yaml")):
        named = base if base != "policies.yaml" else head
        done = here(folder, "diff", base, head)
        message = f"cannot read the policy {named}: No such file or directory: did you mean git:{named}?"
        assert (done.returncode, done.stderr) == (2, f"error: {message}\n")


def test_a_head_that_is_no_revision_is_told_as_one(tmp_path: Path) -> None:
    done = here(first(tmp_path), "diff", "git:HEAD", "git:nope")
    message = "error: git:nope: git knows no revision 'nope'; a shallow clone lacks most: fetch it first\n"
    assert (done.returncode, done.stderr) == (2, message)


def test_what_git_says_beside_is_no_failure(tmp_path: Path) -> None:
    done = keyage(first(tmp_path), "diff", "git:HEAD", "policies.yaml", GIT_TRACE="1")
    assert (done.returncode, "is not there yet" in done.stdout, done.stderr) == (0, True, "")


def test_a_first_policy_in_a_folder_below_needs_no_other_to_be_found(tmp_path: Path) -> None:
    first(tmp_path)
    (tmp_path / "infra").mkdir()
    (tmp_path / "policies.yaml").rename(tmp_path / "infra" / "policies.yaml")
    done = here(tmp_path, "diff", "git:HEAD", "infra/policies.yaml")
    assert done.stdout.startswith("HEAD:infra/policies.yaml is not there yet")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_revision_without_a_repository_is_2(tmp_path: Path) -> None:
    done = keyage(folder(tmp_path), "diff", "git:HEAD:a", "base.yaml", GIT_CEILING_DIRECTORIES=str(tmp_path.parent))
    assert done.returncode == 2
    assert done.stderr.startswith("error: git says: not a git repository")
    assert done.stderr.endswith(": git:REV needs a repository: run keyage inside one, or name a file\n")


def test_no_git_is_2_and_said(tmp_path: Path) -> None:
    done = keyage(repository(tmp_path), "diff", "git:HEAD", "policies.yaml", PATH=str(tmp_path / "none"))
    assert (done.returncode, done.stderr) == (
        2,
        "error: git cannot be run (No such file or directory): install it, or name a file\n",
    )


@pytest.mark.parametrize("revision", ["git:HEAD", "git:nope"])
def test_a_repository_of_another_owner_is_not_an_unknown_revision(revision: str, tmp_path: Path) -> None:
    done = here(repository(tmp_path), "diff", revision, "policies.yaml", GIT_TEST_ASSUME_DIFFERENT_OWNER="1")
    assert done.returncode == 2
    assert done.stderr == (
        f"error: git says: detected dubious ownership in repository at '{tmp_path}': if you trust the folder,"
        f" run: git config --global --add safe.directory '{tmp_path}'\n"
    )


def test_any_other_cause_is_in_gits_own_words(tmp_path: Path) -> None:
    infra = repository(tmp_path)
    (tmp_path / ".git" / "config").write_text("[core\n")
    done = keyage(infra, "diff", "git:HEAD", "policies.yaml", LANG="de_DE.UTF-8", LANGUAGE="de")
    assert done.returncode == 2
    assert done.stderr.startswith("error: git says: bad config line 1 in file ")
    assert done.stderr.endswith("config: mend that, or name a file\n")


def first(path: Path, *more: tuple[str, ...]) -> Path:
    """A repository whose first commit has no policy; HEAD of it is in the working tree alone."""
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.com")
    for command in (("init", "-q"), (*identity, "commit", "-q", "--allow-empty", "-m", "base"), *more):
        subprocess.run(["git", *command], cwd=path, check=True)  # noqa: S607 -- the machine's git
    (path / "policies.yaml").write_text(HEAD + "remediation: {action: deactivate}\n")
    (path / "s.jsonl").write_text(ACCOUNT % USERS)
    return path


@pytest.mark.golden
@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("diff-first.txt", ["--from", "s.jsonl"]),
        ("diff-first.md", ["--from", "s.jsonl", "--format", "markdown"]),
        ("diff-first.json", ["--from", "s.jsonl", "--format", "json"]),
        ("diff-first-rules.txt", []),
    ],
)
def test_a_base_without_a_policy_is_everything_added(
    name: str, arguments: list[str], tmp_path: Path, file_regression: FileRegressionFixture
) -> None:
    done = here(first(tmp_path), "diff", "git:HEAD", "policies.yaml", "--now", NOW, *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    file_regression.check(done.stdout, fullpath=GOLDEN / name, encoding="utf-8")


@pytest.mark.parametrize("base", ["git:HEAD", "git:HEAD:policies.yaml"])
def test_the_base_may_name_the_path_of_the_new_policy(base: str, tmp_path: Path) -> None:
    done = here(first(tmp_path), "diff", base, "policies.yaml", "--format", "json")
    assert json.loads(done.stdout)["base"] == {"file": "HEAD:policies.yaml", "sha256": None}


def test_a_policy_that_moved_is_not_a_new_one(tmp_path: Path) -> None:
    repository(tmp_path)
    (tmp_path / "infra" / "policies.yaml").rename(tmp_path / "policies.yaml")
    done = here(tmp_path, "diff", "git:HEAD", "policies.yaml")
    assert done.returncode == 2
    assert done.stderr == (
        "error: git:HEAD: there is no policies.yaml in that revision, but infra/policies.yaml, which is not there any"
        " more: if it was moved, write git:HEAD:infra/policies.yaml\n"
    )


def test_a_policy_that_moved_and_has_another_name_is_not_a_new_one(tmp_path: Path) -> None:
    repository(tmp_path)
    (tmp_path / "infra" / "policies.yaml").rename(tmp_path / "keys.yaml")
    done = here(tmp_path, "diff", "git:HEAD", "keys.yaml")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.endswith("if it was moved, write git:HEAD:infra/policies.yaml\n")


def test_a_second_policy_is_a_new_one(tmp_path: Path) -> None:
    repository(tmp_path)
    (tmp_path / "policies.yaml").write_text(HEAD)
    done = here(tmp_path, "diff", "git:HEAD", "policies.yaml")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("HEAD:policies.yaml is not there yet, so all of policies.yaml is added.\n")


def test_a_head_without_a_policy_is_2(tmp_path: Path) -> None:
    done = here(first(tmp_path), "diff", "policies.yaml", "git:HEAD")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: git:HEAD: there is no policies.yaml in that revision")


def test_a_broken_policy_of_a_revision_is_2_with_its_place(tmp_path: Path) -> None:
    infra = repository(tmp_path)
    (infra / "policies.yaml").write_text(BASE.replace("short", "Short"))
    done = here(infra, "diff", "git:HEAD", "policies.yaml")
    assert done.returncode == 2
    assert done.stderr.startswith("error: policies.yaml:4:10: id: ")


def test_state_that_cannot_tell_is_3_and_the_changes_are_told(tmp_path: Path) -> None:
    folder(tmp_path)
    (tmp_path / "head.yaml").write_text(
        HEAD.replace("users: s-*, maxAccessKeyAge: 30", "accounts: {ou: R}, users: s-*, maxAccessKeyAge: 20")
    )
    done = here(tmp_path, "diff", "base.yaml", "head.yaml", "--from", "s.jsonl", "--now", NOW)
    assert done.returncode == 3
    assert "Known in part: 000000000001 web: 1 key of 1 user is undecided: the account's ou is not known" in done.stdout
    assert "000000000001 ann AKIAANN: 74 days old" in done.stdout
    assert done.stdout.startswith("4 changes, ")


def test_live_and_saved_state_contradict(tmp_path: Path) -> None:
    done = here(folder(tmp_path), "diff", "base.yaml", "head.yaml", "--live", "--from", "s.jsonl")
    assert (done.returncode, done.stderr) == (
        2,
        "error: --live is for live IAM, --from for saved state: leave one of them out\n",
    )
