"""`keyage permissions`: the least-privilege IAM policy for a verb."""

import json
import sys

from checker.errors import COMPLIANT_EXIT
from checker.permissions import policy_document


def run(verb: str) -> int:
    """Print the policy as JSON, ready for `aws iam put-role-policy`."""
    sys.stdout.write(json.dumps(policy_document(verb), indent=2) + "\n")
    return COMPLIANT_EXIT
