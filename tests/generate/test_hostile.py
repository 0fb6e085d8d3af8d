"""Whatever people write comes out as the same text in every language that is rendered."""

import ast
import json
from typing import Any

import pytest
import yaml
from markdown_it import MarkdownIt

from checker.decision import decision
from checker.errors import printable
from checker.generate import cloudformation
from checker.generate.deployment import deployment
from checker.generate.rendering import Rendering, render
from checker.policy import loader
from tests.generate.hostile import HOSTILE
from tests.support import cfn_yaml

ACCOUNTS = {
    f"{number:012}": decision.Account(f"{number:012}", text, "Root", {}) for number, text in enumerate(HOSTILE, 1)
}


@pytest.fixture(scope="module")
def policy() -> loader.PolicyFile:
    """A rule and an exemption for each text, all for the same accounts."""
    numbered = list(enumerate(HOSTILE))
    document = {
        "version": 1,
        "default": {"maxAccessKeyAge": 90},
        "rules": [
            {
                "id": f"rule-{number}",
                "description": text,
                "accounts": {"ou": "Root"},
                "users": {"tags": {f"k{text[:100]}".replace("*", "x"): [text[:200]]}},
                "maxAccessKeyAge": number + 1,
            }
            for number, text in numbered
        ],
        "exemptions": [
            {
                "id": f"exemption-{number}",
                "users": {"tags": {"team": text[:200]}},
                "reason": text,
                "approvedBy": text,
                "expires": "2027-01-31",
            }
            for number, text in numbered
        ],
        "remediation": {"action": "delete", "deleteAfterDays": 30},
    }
    return loader.parse(yaml.safe_dump(document, allow_unicode=True).encode(), "policies.yaml")


@pytest.fixture(scope="module")
def rendering(policy: loader.PolicyFile) -> Rendering:
    return render(policy, ACCOUNTS)


def text_of(rendering: Rendering, path: str) -> str:
    return rendering.files[path].decode()


def template(policy: loader.PolicyFile) -> str:
    return cloudformation.template(deployment(policy, ACCOUNTS))


def embedded_policy(script: str) -> Any:
    """The policy in a shipped script, read off without running the rest of it."""
    tree = ast.parse(script)
    assignment = next(
        node for node in tree.body if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "POLICY"
    )
    imports = [node for node in tree.body if isinstance(node, ast.Import)]
    names: dict[str, Any] = {}
    module = ast.Module([*imports, assignment], type_ignores=[])
    exec(compile(module, "policy", "exec"), names)  # noqa: S102 -- what is rendered is code
    return names["POLICY"]


FUNCTIONS = ("Function", "DeactivationFunction", "DeletionFunction")


def shipped(policy: loader.PolicyFile) -> dict[str, Any]:
    """The rules and exemptions with what code in AWS needs of them, for the accounts of the inventory."""
    left_behind = {"description", "reason", "approvedBy"}
    return {
        kind: [{name: value for name, value in entry.items() if name not in left_behind} for entry in each]
        for kind, each in policy.content.items()
        if kind in ("rules", "exemptions")
    }


def without_accounts(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in entry.items() if name != "accounts"} for entry in entries]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_policy_is_the_same_in_every_function_of_cloudformation(policy: loader.PolicyFile, function: str) -> None:
    there = cfn_yaml.loads(template(policy))["Resources"][function]["Properties"]
    found = embedded_policy(str(there["Code"]["ZipFile"]))
    for kind, entries in shipped(policy).items():
        assert without_accounts(found[kind]) == without_accounts(entries)
    assert found == deployment(policy, ACCOUNTS).document


def test_the_policy_is_the_same_in_every_file(policy: loader.PolicyFile, rendering: Rendering) -> None:
    document = deployment(policy, ACCOUNTS).document
    assert embedded_policy(text_of(rendering, "terraform/account/lambda/index.py")) == document
    assert json.loads(text_of(rendering, "policy.json")) == document
    assert text_of(rendering, "cloudformation/keyage.yaml") == template(policy)


def test_why_an_exemption_is_there_stays_at_home(policy: loader.PolicyFile) -> None:
    found = embedded_policy(deployment(policy, ACCOUNTS).code or "")
    assert {name for entry in found["rules"] for name in entry} == {"id", "accounts", "users", "maxAccessKeyAge"}
    assert {name for entry in found["exemptions"] for name in entry} == {"id", "users", "expires"}


def test_nothing_in_the_cloudformation_template_is_substituted_in_a_users_text(policy: loader.PolicyFile) -> None:
    names = {"AWS::Partition", "AWS::AccountId", "AWS::Region"}
    names |= {"NamePrefix", "AlarmTopicArn", "ComplianceTopicArn", "Owner"}
    assert {part.partition("}")[0] for part in template(policy).split("${")[1:]} == names


INLINE = {f"{mark}_{end}" for mark in ("link", "strong") for end in ("open", "close")}
INLINE |= {"text", "text_special", "code_inline", "softbreak"}


def cells(markdown: str) -> list[str]:
    tokens = MarkdownIt("commonmark").enable("table").parse(markdown)
    found = []
    for token in tokens:
        if token.type == "inline":
            children = token.children or []
            assert {child.type for child in children} <= INLINE
            found.append("".join(child.content for child in children))
    return found


def shown(text: str) -> str:
    """As Markdown can show it: control characters in view, outer spaces gone."""
    writable = "\n\r\t\u2028\u2029\ufeff"
    return "".join(each if each in writable else printable(each) for each in text).strip()


@pytest.mark.parametrize("text", HOSTILE)
def test_the_readme_shows_the_tags_that_select_users(rendering: Rendering, text: str) -> None:
    found = [cell.strip() for cell in cells(text_of(rendering, "terraform/account/README.md"))]
    assert shown(f"tag team {text[:200]}") in found


def test_the_manifest_is_json_and_names_every_file(rendering: Rendering) -> None:
    manifest = json.loads(rendering.files["manifest.json"])
    assert sorted([*manifest["files"], "manifest.json"]) == sorted(rendering.files)
