"""The commands of README.md run, with its policy, against the documented AWS."""

import re
from pathlib import Path

import pytest

from tests.docs.blocks import TOP, blocks
from tests.docs.running import folder_for, shell, variables
from tests.docs.world import documented_aws

pytestmark = pytest.mark.sources

README = TOP / "README.md"
FINDS = {"keyage check", "keyage drift"}  # what exits with 1 in the documented AWS


def test_the_commands_run(tmp_path: Path) -> None:
    policy = next(block.text for block in blocks(README) if block.language == "yaml")
    text = "".join(block.text for block in blocks(README) if not block.language)
    lines = re.findall(r"^(keyage .*?)(?:  +#.*)?$", text, re.MULTILINE)
    folder = folder_for(README, tmp_path / "project")
    (folder / "policies.yaml").write_text(policy)
    ran = {}
    with documented_aws() as url:
        for line in lines:
            done = shell(line, folder, variables(folder, url))
            ran[line] = (done.returncode, "error: " in done.stdout)
    wanted = {line: (int(any(line.startswith(verb) for verb in FINDS)), False) for line in lines}
    assert ran == wanted
    assert len(lines) > len(FINDS)
