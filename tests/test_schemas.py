"""The schema files for editors are those that are enforced."""

from pathlib import Path

import pytest

from checker.policy.yaml.check import schema_text

SCHEMAS = Path(__file__).parents[1] / "schema"
FILES = {"policies.schema.json": "policy", "accounts.schema.json": "inventory", "policies.test.schema.json": "tests"}


@pytest.mark.sources
def test_the_files_are_current() -> None:
    assert {path.name for path in SCHEMAS.iterdir()} == set(FILES)
    assert [file for file, name in FILES.items() if (SCHEMAS / file).read_text() != schema_text(name)] == []
