"""The commands of README.md run, with its policy, against the documented AWS."""

import re
from pathlib import Path

import pytest

from tests.docs.blocks import TOP, blocks
from tests.docs.running import folder_for, line_run, shell, variables
from tests.docs.world import documented_aws

pytestmark = pytest.mark.sources

README = TOP / "README.md"
FINDS = {"keyage check", "keyage drift"}  # what exits with 1 in the documented AWS
INSTALLS = "make "


def test_the_first_block_works_as_it_stands_and_prints_what_is_shown(tmp_path: Path) -> None:
    first, sample = [block for block in blocks(README) if not block.language][1:3]
    lines = [line.partition("  #")[0] for line in first.text.splitlines() if not line.startswith(INSTALLS)]
    clone = folder_for(README, tmp_path / "clone")
    script = "".join(f"{line}; codes=$codes$?\n" if "check" in line else f"{line} || exit\n" for line in lines)
    with documented_aws() as url:
        done = shell(f"{script}echo codes $codes", clone, variables(clone, url))
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "codes 11")
    assert sample.text in "".join(f"{line.rstrip()}\n" for line in done.stdout.splitlines())


def test_the_commands_run(tmp_path: Path) -> None:
    policy = next(block.text for block in blocks(README) if block.language == "yaml")
    text = "".join(block.text for block in blocks(README) if not block.language and "keyage init" not in block.text)
    lines = re.findall(r"^(keyage .*?)(?:  +#.*)?$", text, re.MULTILINE)
    folder = folder_for(README, tmp_path / "project")
    (folder / "policies.yaml").write_text(policy)
    ran = {}
    with documented_aws() as url:
        for line in lines:
            done = line_run(line, folder, variables(folder, url), keyage_here=True)
            ran[line] = (done.returncode, "error: " in done.stdout)
    wanted = {line: (int(any(line.startswith(verb) for verb in FINDS)), False) for line in lines}
    assert ran == wanted
    assert len(lines) > len(FINDS)
