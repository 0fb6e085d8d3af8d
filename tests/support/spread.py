"""Which process runs which tests, and when, where there are several."""

import pytest
from xdist.scheduler import LoadScopeScheduling

# The tests of each of these share what takes long to make, so one process runs them all. What takes longest, or waits
# longest, begins first, so that no process works alone at the end.
TOGETHER = (
    ("tests/generate/test_terraform_apply.py",),
    (  # cfn-lint and its rules
        "tests/docs/test_pages.py",
        "tests/generate/test_lint.py",
        "tests/generate/test_limits.py",
        "tests/generate/test_engines.py",
        "tests/generate/test_audit_role.py",
        "tests/generate/test_cloudformation.py",
        "tests/generate/test_hostile.py",
        "tests/generate/test_cost.py",
    ),
    ("tests/sources/aws/test_faulty_proxy.py",),
    ("tests/generate/test_terraform_cli.py", "tests/fits/test_examples.py"),
    ("tests/sources/saved/test_terraform_state.py",),
    ("tests/fits/test_hooks.py",),
    ("tests/fits/test_install.py",),
    ("tests/reports/check/test_html_browser.py",),
    ("tests/commands/test_render.py",),
    ("tests/fits/test_editor.py",),
    ("tests/commands/test_demo.py",),
    ("tests/docs/test_site.py",),
)
_PLACES = {file: place for place, files in enumerate(TOGETHER) for file in files}


def _file(nodeid: str) -> str:
    return nodeid.partition("::")[0]


def longest_first(items: list[pytest.Item]) -> None:
    """Bring the tests that stay together to the front; all others come after them, in their order."""
    items.sort(key=lambda item: _PLACES.get(_file(item.nodeid), len(TOGETHER)))


class Together(LoadScopeScheduling):  # type: ignore[misc]
    """Hands out the tests that stay together at once and all others one by one, in the order of their collection."""

    def _split_scope(self, nodeid: str) -> str:
        place = _PLACES.get(_file(nodeid))
        return nodeid if place is None else str(place)
