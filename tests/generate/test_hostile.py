"""Whatever people write comes out as the same text in every language that is rendered."""

import ast
import json
from typing import Any

import pytest
import yaml
from cfnlint.decode import cfn_yaml
from markdown_it import MarkdownIt

from checker.decision import decision
from checker.errors import printable
from checker.generate.rendering import Rendering, render
from checker.policy import loader
from tests.generate.hostile import HOSTILE

ACCOUNTS = {
    f"{number:012}": decision.Account(f"{number:012}", text, "Root", {}) for number, text in enumerate(HOSTILE, 1)
}


@pytest.fixture(scope="module")
def policy() -> loader.PolicyFile:
    """A rule and an exemption for each text, all for the accounts of one group."""
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


def group_name(rendering: Rendering) -> str:
    (name,) = (each.group.name for each in rendering.deployments if each.group.accounts)
    return name


def text_of(rendering: Rendering, path: str) -> str:
    return rendering.files[path.format(group_name(rendering))].decode()


def resources(rendering: Rendering) -> dict[str, Any]:
    template = cfn_yaml.loads(text_of(rendering, "cloudformation/{}.yaml"))
    return {name: resource["Properties"] for name, resource in template["Resources"].items()}


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


def script_of(document: dict[str, Any]) -> str:
    return str(document["mainSteps"][0]["inputs"]["Script"])


def test_the_policy_is_the_same_in_every_script(policy: loader.PolicyFile, rendering: Rendering) -> None:
    there = resources(rendering)
    scripts = {
        "terraform lambda": text_of(rendering, "terraform/{}/lambda/index.py"),
        "terraform document": script_of(yaml.safe_load(text_of(rendering, "terraform/{}/remediation.yaml"))),
        "cloudformation lambda": str(there["Function"]["Code"]["ZipFile"]),
        "cloudformation document": script_of(there["Document"]["Content"]),
    }
    wanted = {
        kind: [{key: value for key, value in entry.items() if key != "accounts"} for entry in policy.content[kind]]
        for kind in ("rules", "exemptions")
    }
    for name, script in scripts.items():
        found = embedded_policy(script)
        assert {kind: found[kind] for kind in wanted} == wanted, name


def test_nothing_in_the_cloudformation_template_is_substituted_in_a_users_text(rendering: Rendering) -> None:
    template = text_of(rendering, "cloudformation/{}.yaml")
    names = {"AWS::Partition", "AWS::AccountId", "AWS::Region", "Document", "DeletionRole.Arn"}
    assert {part.partition("}")[0] for part in template.split("${")[1:]} == names


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
def test_the_readme_shows_names_descriptions_and_reasons(rendering: Rendering, text: str) -> None:
    found = [cell.strip() for cell in cells(text_of(rendering, "terraform/{}/README.md"))]
    assert found.count(shown(text)) >= 4  # an account, a rule's description, a reason, an approver


def test_the_manifest_is_json_and_names_every_file(rendering: Rendering) -> None:
    manifest = json.loads(rendering.files["manifest.json"])
    assert [*manifest["files"], "manifest.json"] == list(rendering.files)
    assert sorted(ACCOUNTS) == next(group["accounts"] for group in manifest["groups"] if group["accounts"])
