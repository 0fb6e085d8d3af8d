"""The import graph as docs/explanation/architecture.md shows it: one row a floor, what its modules import below it."""

import tomllib
from collections import defaultdict

import grimp

from tests.docs.blocks import TOP

ENTRY = "__main__"  # one line that calls `cli`
SHIPPED = "rules"
UPWARD = "▲"  # an import that no floor may have; import-linter refuses it too
DOWNWARD, SELF, NONE = "●", "─", "·"


def floors() -> list[list[str]]:
    """The names on each floor of the import-linter contract, the highest first; what is shipped to AWS is the last."""
    contracts = tomllib.loads((TOP / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (contract,) = [each for each in contracts if each.get("containers") == ["checker"]]
    listed = [[name.strip() for name in layer.split("|")] for layer in contract["layers"]]
    return [*(names for names in listed if names != [ENTRY]), [SHIPPED]]


def imports() -> dict[str, set[str]]:
    """What the modules below each name of a floor import directly, as such names."""
    graph = grimp.build_graph("checker", SHIPPED)
    found: defaultdict[str, set[str]] = defaultdict(set)
    for module in graph.modules:
        for imported in graph.find_modules_directly_imported_by(module):
            found[_floor(module)].add(_floor(imported))
    return found


def _floor(module: str) -> str:
    parts = module.split(".")
    return SHIPPED if parts[0] == SHIPPED else ".".join(parts[1:2])


def drawn(rows: list[list[str]], imported: dict[str, set[str]]) -> str:
    """A triangle: each name has a row and the column of the same number, and imports what its row has a dot for."""
    names = [name for row in rows for name in row]
    width = max(map(len, names)) + 1
    lines = []
    for level, row in zip(range(len(rows) - 1, -1, -1), rows, strict=True):
        for place, name in enumerate(row):
            floor = str(level) if place == 0 else ""
            cells = [_cell(name, other, names, imported) for other in names]
            label = f"{names.index(name) + 1:>2} {name:<{width}}"
            lines.append(f"{floor:>5}  {label} {'  '.join(cells).rstrip()}")
    numbers = " ".join(f"{number:>2}" for number in range(1, len(names) + 1))
    return "\n".join([f"floor  {'':>2} {'':<{width}}{numbers}", *lines]) + "\n"


def _cell(name: str, other: str, names: list[str], imported: dict[str, set[str]]) -> str:
    if name == other:
        return SELF
    upward = names.index(other) < names.index(name)
    if other in imported.get(name, ()):
        return UPWARD if upward else DOWNWARD
    return " " if upward else NONE
