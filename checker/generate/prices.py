"""What AWS asks in us-east-1, in US dollars, each price with where it was read. Free allowances are left out."""

from typing import NamedTuple

SEEN = "2026-11"
CONFIG = "https://aws.amazon.com/config/pricing/"
LAMBDA = "https://aws.amazon.com/lambda/pricing/"
SYSTEMS_MANAGER = "https://aws.amazon.com/systems-manager/pricing/"
EVENTBRIDGE = "https://aws.amazon.com/eventbridge/pricing/"
CLOUDWATCH = "https://aws.amazon.com/cloudwatch/pricing/"


class Price(NamedTuple):
    """For each of something, in tiers: up to how many a month it costs what; None: all the others."""

    unit: str
    tiers: tuple[tuple[float | None, float], ...]
    source: str

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
        return " / ".join(f"{each:.8f}".rstrip("0").rstrip(".") for _upto, each in self.tiers)


EVALUATION = Price("evaluation", ((100_000, 0.001), (500_000, 0.0008), (None, 0.0005)), CONFIG)
CONFIGURATION_ITEM = Price("configuration item", ((None, 0.003),), CONFIG)
INVOCATION = Price("invocation", ((None, 0.20 / 1e6),), LAMBDA)
GB_SECOND = Price("GB-second, x86_64", ((6e9, 0.0000166667), (15e9, 0.000015), (None, 0.0000133334)), LAMBDA)
AUTOMATION_STEP = Price("step", ((None, 0.002),), SYSTEMS_MANAGER)
SCRIPT_SECOND = Price("second of a script", ((None, 0.00003),), SYSTEMS_MANAGER)
SCHEDULED = Price("invocation", ((None, 1.00 / 1e6),), EVENTBRIDGE)
LOG_GB = Price("GB", ((None, 0.50),), CLOUDWATCH)
