"""cfn-lint finds nothing in what keyage renders, and what it finds elsewhere is told with its place."""

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from checker.errors import BUG_EXIT
from checker.generate import cloudformation, lint
from tests.generate.test_cloudformation import CASES, LONGEST, deployed

BROKEN = """\
Resources:
  Rule:
    Type: AWS::Config::ConfigRule
    Properties:
      Sorce: {Owner: AWS}
"""
REGIONS = ("us-east-1", "us-gov-west-1", "cn-north-1")
IGNORED = 'Parameters: {Unused: {Type: String}}\nResources: {Topic: {Type: "AWS::SNS::Topic"}}\n'


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: object) -> None:
        raise AssertionError("the network is not for linting")

    monkeypatch.setattr(socket.socket, "connect", refuse)


def test_nothing_to_lint_is_no_problem() -> None:
    assert lint.check({})


def test_what_is_rendered_passes_with_the_longest_names(capfd: pytest.CaptureFixture[str]) -> None:
    made = {case: deployed(text, name=LONGEST) for case, text in CASES.items()}
    files = {f"cloudformation/{case}.yaml": cloudformation.template(each) for case, each in made.items()}
    files |= {f"conformance-pack/{case}.yaml": cloudformation.conformance_pack(each) for case, each in made.items()}
    assert lint.check(files)
    assert tuple(capfd.readouterr()) == ("", "")


def test_what_is_rendered_passes_with_informational_checks_in_every_partition(tmp_path: Path) -> None:
    for case, text in CASES.items():
        made = deployed(text)
        tmp_path.joinpath(f"{case}.yaml").write_text(cloudformation.template(made), "utf-8")
        tmp_path.joinpath(f"{case}-pack.yaml").write_text(cloudformation.conformance_pack(made), "utf-8")
    assert linted(tmp_path) == []


def test_informational_checks_find_something_where_there_is_something(tmp_path: Path) -> None:
    partition = 'Outputs: {Arn: {Value: !Join ["", ["x", !Ref "AWS::AccountId"]]}}'
    tmp_path.joinpath("joined.yaml").write_text(f"{IGNORED.splitlines()[1]}\n{partition}\n", "utf-8")
    assert "I1022" in {match.rule.id for match in linted(tmp_path)}


def linted(folder: Path) -> list[Any]:
    """What the cfn-lint command would say of the templates in a folder."""
    # Not above: it takes a second, which no process that only collects the tests should spend.
    from cfnlint.config import ConfigMixIn
    from cfnlint.runner import Runner

    options = ["--config-file", os.devnull]  # in place of the settings of this machine
    options += ["--include-checks", "I", "--regions", *REGIONS, "--", *sorted(map(str, folder.glob("*.yaml")))]
    return list(Runner(ConfigMixIn(options)).run())


def test_every_objection_is_listed_with_its_place() -> None:
    files = {"good.yaml": BROKEN.replace("{Owner: AWS}", "x"), "cloudformation/bad.yaml": BROKEN, "torn.yaml": "a: ["}
    with pytest.raises(lint.Refused) as caught:
        lint.check(files)
    lines = str(caught.value).splitlines()
    assert "bug in keyage" in lines[0]
    assert [line for line in lines[1:] if line.startswith("  cloudformation/bad.yaml:5:7: E3002: ")]
    assert [line for line in lines[1:] if line.startswith("  torn.yaml:")]
    assert caught.value.exit_code == BUG_EXIT


def test_a_document_that_is_none_is_refused() -> None:
    made = deployed(CASES["custom-delete"])
    vars(made)["runbook"] = "schemaVersion: 0.3\n"  # where a cached property keeps what it once found
    with pytest.raises(lint.Refused, match=r"x\.yaml:\d+:9: E3051: 0\.3 is not of type 'string'"):
        lint.check({"x.yaml": cloudformation.template(made)})


@pytest.mark.parametrize(
    "text", ["", "[]", "1", "Resources: 1", "Resources: {A: 1}", "Resources: {A: {Properties: 1}}"]
)
def test_what_is_no_template_is_refused(text: str) -> None:
    with pytest.raises(lint.Refused, match="x"):
        lint.check({"x.yaml": text})


def test_warnings_count() -> None:
    with pytest.raises(lint.Refused, match="W2001"):
        lint.check({"x.yaml": IGNORED})


def test_the_settings_of_cfn_lint_on_this_machine_do_not_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".cfnlintrc").write_text("ignore_checks: [W, E]\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    lint._linter.cache_clear()  # noqa: SLF001 -- as in a process that starts here
    with pytest.raises(lint.Refused, match="W2001"):
        lint.check({"x.yaml": IGNORED})


def test_without_cfn_lint_the_caller_learns_that_nothing_was_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lint, "find_spec", lambda _name: None)
    assert not lint.check({"x.yaml": "nonsense"})


def test_cfn_lint_is_loaded_only_when_there_is_something_to_do() -> None:
    code = "import sys, checker.generate.lint; sys.exit('cfnlint' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
