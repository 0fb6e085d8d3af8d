"""Which process runs which tests, where there are several."""

from xdist.scheduler import LoadScopeScheduling

# Their tests share what takes long to make, so one process runs all tests of such a file.
TOGETHER = {
    "tests/commands/test_demo.py",
    "tests/commands/test_render.py",
    "tests/docs/test_site.py",
    "tests/fits/test_editor.py",
    "tests/fits/test_hooks.py",
    "tests/generate/test_limits.py",
    "tests/generate/test_lint.py",
    "tests/generate/test_terraform_apply.py",
    "tests/generate/test_terraform_cli.py",
    "tests/reports/check/test_html_browser.py",
    "tests/sources/aws/test_faulty_proxy.py",
    "tests/sources/saved/test_terraform_state.py",
}


class Together(LoadScopeScheduling):  # type: ignore[misc]
    """Hands out the tests of some files at once, all others one by one."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return file if file in TOGETHER else nodeid
