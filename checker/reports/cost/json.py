"""`render --cost --format json`: the same with where each price was read."""

from typing import TextIO

import msgspec

from checker.generate import prices
from checker.generate.cost import Estimate, Line

SCHEMA_VERSION = 1


def write(estimate: Estimate, out: TextIO) -> None:
    """One object; money is in US dollars, quantities are those of a month and of all accounts."""
    fleet = estimate.fleet
    document = {
        "schemaVersion": SCHEMA_VERSION,
        "region": prices.REGION,
        "rule": "custom" if estimate.deployment.custom else "managed",
        "frequency": estimate.deployment.frequency,
        "accounts": fleet.accounts,
        "users": fleet.users,
        "nonCompliant": fleet.non_compliant,
        "dollars": estimate.dollars,
        "dollarsWithTheOtherRule": estimate.with_the_other_rule,
        "lines": list(map(_line, estimate.lines)),
    }
    out.write(msgspec.json.format(msgspec.json.encode(document), indent=1).decode() + "\n")


def _line(line: Line) -> dict[str, object]:
    return {
        "what": line.what,
        "quantity": round(line.quantity, 6),
        "unit": line.price.unit,
        "dollars": line.dollars,
        "formula": line.formula,
        "price": line.price.said(),
        "page": line.price.page,
        "seen": line.price.seen,
    }
