"""Every promise of the guide to the remediation is held by a test that is there."""

import re

from tests.docs.blocks import DOCS, TOP

GUIDE = DOCS / "how-to" / "switch-on-the-remediation.md"


def test_the_tests_that_hold_the_promises_are_there() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", GUIDE.read_text("utf-8"))
    missing = [f"{file}::{name}" for file, name in named if f"def {name}(" not in TOP.joinpath(file).read_text("utf-8")]
    assert (missing, len(named) >= 10) == ([], True)
