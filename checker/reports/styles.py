"""How verdicts look on a terminal, the worst first; tables list them in this order."""

from checker.evaluate import COMPLIANT, EXEMPT, NON_COMPLIANT, NOT_APPLICABLE, UNDECIDED

STYLES = {
    NON_COMPLIANT: "bold red",
    EXEMPT: "yellow",
    COMPLIANT: "green",
    NOT_APPLICABLE: "dim",
    UNDECIDED: "bold magenta",
}
