"""What needs no AWS reads none of its configuration: the same bytes whatever stands there."""

from pathlib import Path

import pytest

from checker.reports.formats import names
from tests.support.processes import NOW, OLD, here, policy_folder


@pytest.mark.parametrize("name", names("check"))
def test_saved_state_is_judged_whatever_the_aws_configuration_says(tmp_path: Path, name: str) -> None:
    folder = policy_folder(tmp_path, users=OLD)
    broken = folder / "config"
    broken.write_bytes(b"\xff[default\nregion")
    settings = {"AWS_PROFILE": "nobody", "AWS_REGION": "no where", "AWS_DEFAULT_REGION": "cn-north-1"}
    asked = ("check", "--from", "s.jsonl", "--now", NOW, "--format", name)
    expected, actual = here(folder, *asked), here(folder, *asked, AWS_CONFIG_FILE=str(broken), **settings)
    assert (actual.returncode, actual.stdout, actual.stderr) == (1, expected.stdout, expected.stderr)
