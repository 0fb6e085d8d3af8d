"""`keyage import-exemptions` as a process."""

from pathlib import Path

from tests.policy.prowler.test_mutelist import LIST
from tests.support.processes import here, keyage


def test_the_exemptions_go_out_and_what_is_left_out_is_said(tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text(LIST)
    done = here(tmp_path, "import-exemptions", "m.yaml")
    assert done.returncode == 0
    assert done.stdout.count("  - id: ") == 2
    exceptions = "an exemption knows no exceptions: write one for each user whom it is for"
    assert done.stderr.splitlines() == [
        "warning: m.yaml:18:9: * *: it is for some regions, and IAM has none: not imported",
        f"warning: m.yaml:21:9: * iam_rotate_access_key_90_days: {exceptions}: not imported",
        "m.yaml: 2 imported, 2 not; fill in what `keyage validate` asks for",
    ]


def test_into_a_file(tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text(LIST)
    printed = keyage(tmp_path, "import-exemptions", "m.yaml", "--quiet")
    written = keyage(tmp_path, "import-exemptions", "m.yaml", "-o", "e.yaml", "--quiet")
    assert (written.returncode, written.stdout, written.stderr) == (0, "", "")
    assert (tmp_path / "e.yaml").read_text() == printed.stdout


def test_what_somebody_filled_in_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text(LIST)
    (tmp_path / "e.yaml").write_text("mine")
    done = here(tmp_path, "import-exemptions", "m.yaml", "-o", "e.yaml")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: e.yaml is there already and is never written over: name another with --output\n"
    assert (tmp_path / "e.yaml").read_text() == "mine"


def test_a_file_that_is_none_is_2(tmp_path: Path) -> None:
    done = keyage(tmp_path, "import-exemptions", "m.yaml")
    assert (done.returncode, done.stderr) == (2, "error: cannot read the mute list m.yaml: No such file or directory\n")
