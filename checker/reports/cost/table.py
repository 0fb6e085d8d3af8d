"""`render --cost --format table`: a line for what is paid for, and below it the formula."""

from collections.abc import Iterator
from typing import TextIO

from checker.generate import prices
from checker.generate.cost import Estimate
from checker.spoken import plural


def write(estimate: Estimate, out: TextIO) -> None:
    """The lines, their sum, and what the other kind of rule would cost."""
    out.writelines(f"{line}\n" for line in _lines(estimate))


def _lines(estimate: Estimate) -> Iterator[str]:
    ours, fleet = estimate.deployment.custom, estimate.fleet
    yield f"{'custom' if ours else 'managed'} rule, {estimate.deployment.frequency}; prices of {prices.REGION}"
    each = f"{plural(fleet.users, 'user')} each, {fleet.non_compliant:,} of them non-compliant"
    yield f"{fleet.accounts:,} account{'' if fleet.accounts == 1 else 's'} of {each}"
    yield ""
    width = max(len(line.what) for line in estimate.lines)
    yield f"{'':<{width}}  {'a month':>13}  {'USD':>10}"
    for line in estimate.lines:
        yield f"{line.what:<{width}}  {line.quantity:>13,.1f}  {line.dollars:>10,.2f}"
        yield f"    {line.formula}, at {line.price.said()} per {line.price.unit}"
    yield f"{'together':<{width}}  {'':>13}  {estimate.dollars:>10,.2f}"
    other = "with AWS's managed rule" if ours else "with keyage's own rule"
    yield f"{other:<{width}}  {'':>13}  {estimate.with_the_other_rule:>10,.2f}"
