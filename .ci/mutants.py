"""`make mutants`: change a module of rules/ in one place after the other, and see whether a test notices.

The changes are made in a copy of the tree, in build/mutants. Each mutant that lives is printed; one that
.ci/mutants.toml does not explain makes the exit code 1. Run by the Python that has cosmic-ray; .venv's runs the tests.
"""

import json
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

from cosmic_ray.work_db import WorkDB, use_db
from cosmic_ray.work_item import TestOutcome, WorkerOutcome

TOP = Path(__file__).resolve().parent.parent
PYTHON = TOP / ".venv" / "bin" / "python"
WORK = TOP / "build" / "mutants"
TREE, CONFIG, SESSION = WORK / "tree", WORK / "session.toml", WORK / "session.sqlite"
MAPPED = ("rules", "templates")  # packages of the checker that are folders beside it
SETTINGS = tomllib.loads((TOP / ".ci" / "mutants.toml").read_text("utf-8"))
EXPLAINED = {mutant: entry["why"] for entry in SETTINGS["explained"] for mutant in entry["mutants"]}


def main(module: str) -> int:
    """Tries every mutant of the module; gives 1 if one lives that is not explained."""
    make_tree()
    CONFIG.write_text(configuration(module), "utf-8")
    cosmic("cosmic-ray", "init", CONFIG, SESSION)
    cosmic("cr-filter-operators", SESSION, CONFIG)
    cosmic("cosmic-ray", "baseline", CONFIG)
    cosmic("cosmic-ray", "exec", CONFIG, SESSION)
    tried, living = outcome()
    unexplained = [mutant for _place, mutant in living if mutant not in EXPLAINED]
    for place, mutant in sorted(living):
        sys.stdout.write(f"{place}: {mutant}\n    {EXPLAINED.get(mutant, 'LIVES')}\n")
    sys.stdout.write(f"{module}: {tried} mutants, {len(living)} live, {len(unexplained)} of them unexplained\n")
    return 1 if unexplained else 0


def make_tree() -> None:
    """A copy of what git knows, as it is now, in which `checker.rules` is found without being installed."""
    shutil.rmtree(WORK, ignore_errors=True)
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=TOP, check=True, stdout=subprocess.PIPE, text=True)
    for name in filter(None, listed.stdout.split("\0")):
        (TREE / name).parent.mkdir(parents=True, exist_ok=True)
        if (TOP / name).exists():
            shutil.copy(TOP / name, TREE / name)
    for name in MAPPED:
        (TREE / "checker" / name).symlink_to(f"../{name}")


def configuration(module: str) -> str:
    """What cosmic-ray is told. Strings of JSON are strings of TOML."""
    tests = SETTINGS["tests"].get(module, "tests/rules")
    command = f"{PYTHON} -B -m pytest -q -x -p no:cacheprovider {tests}"
    return "\n".join(
        (
            "[cosmic-ray]",
            f"module-path = {json.dumps(module)}",
            f"timeout = {SETTINGS['timeout']}",
            "excluded-modules = []",
            f"test-command = {json.dumps(command)}",
            "distributor = {name = 'local'}",
            "[cosmic-ray.filters.operators-filter]",
            f"exclude-operators = {json.dumps(SETTINGS['exclude-operators'])}\n",
        )
    )


def cosmic(program: str, *arguments: str | Path) -> None:
    subprocess.run([Path(sys.executable).with_name(program), *arguments], cwd=TREE, check=True)


def outcome() -> tuple[int, list[tuple[str, str]]]:
    """How many mutants were tried, and of each that lives its place and the line that it made."""
    with use_db(SESSION, WorkDB.Mode.open) as work:
        done = [each for each in work.completed_work_items if each[1].worker_outcome != WorkerOutcome.SKIPPED]
    living = [(item.mutations[0], result) for item, result in done if result.test_outcome == TestOutcome.SURVIVED]
    return len(done), [
        (f"{mutation.module_path}:{mutation.start_pos[0]:03}", line)
        for mutation, result in living
        for line in made(result.diff or "")
    ]


def made(diff: str) -> Iterator[str]:
    """The lines that a mutant made, with single spaces."""
    for line in diff.splitlines():
        if line.startswith("+") and not line.startswith("+++"):
            yield " ".join(line[1:].split())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
