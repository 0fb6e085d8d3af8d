"""What cfn-lint says of the templates that keyage renders; nothing, or there is a bug in keyage."""

import os
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from checker.errors import KeyageError, Problem

# Whose resource types cfn-lint knows the templates by.
REGION = "us-east-1"


class Refused(KeyageError):
    """cfn-lint has objections to what keyage rendered."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        listed = "\n".join(f"  {problem}" for problem in problems)
        super().__init__(f"cfn-lint refuses what keyage rendered: a bug in keyage, please report it\n{listed}")


def check(files: Mapping[str, str]) -> bool:
    """Lint templates by name; False if cfn-lint is not installed. Raises Refused for any error or warning.

    No rule is ignored, whatever cfn-lint's own settings on this machine say. Loading it takes seconds, and
    then each template a fraction of one.
    """
    if find_spec("cfnlint") is None:
        return False
    linter = _linter()
    problems = [problem for name, text in files.items() for problem in linter.problems(name, text)]
    if problems:
        raise Refused(problems)
    return True


class _Linter:
    """cfn-lint with its rules. It has no types, so it is imported by name."""

    def __init__(self) -> None:
        runner = import_module("cfnlint.runner")
        # A settings file that is nowhere keeps it from looking for .cfnlintrc here and at home.
        self._config: Any = import_module("cfnlint.config").ConfigMixIn(["--config-file", os.devnull], regions=[REGION])
        self._rules: Any = runner.Runner(self._config).rules
        self._run: Any = runner.run_template_by_data
        self._decode: Any = import_module("cfnlint.decode").decode_str

    def problems(self, name: str, text: str) -> Iterator[Problem]:
        template, matches = self._decode(text)
        for match in matches or self._run(template, self._config, self._rules):
            yield Problem(name, match.linenumber, match.columnnumber, f"{match.rule.id}: {match.message}")


@cache
def _linter() -> _Linter:
    return _Linter()
