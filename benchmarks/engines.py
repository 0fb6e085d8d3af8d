"""Three engines, one verdict: random policies, inventories that may lack the account, and keys.

    python -m benchmarks.engines --verdicts 10000

The checker, the deployed evaluation and the deployed deactivation judge the same key in the same emulated account. It
ends with the smallest example at the first difference; otherwise it says how many verdicts of each kind were compared.
"""

import argparse
import time
from collections import Counter

from hypothesis import HealthCheck, Phase, assume, given, seed, settings
from hypothesis import strategies as st

from checker.decision import AccessKey, Account, User, decision
from tests.generate.test_engines import engines_agree, ours, padded
from tests.support.random_policies import NOW, Document, documents, known_accounts, known_keys, known_users


def compared(verdicts: int, number: int) -> Counter[str]:
    """How many verdicts of each kind were compared; raises AssertionError at a difference."""
    found: Counter[str] = Counter()

    @seed(number)
    @settings(
        max_examples=verdicts,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(documents, known_accounts, known_users, known_keys, st.booleans())
    def agrees(document: Document, account: Account, user: User, key: AccessKey, listed: bool) -> None:
        assume(key.id is not None)
        policy, known = ours(document), key._replace(id=padded(f"AKIA{key.id}"))
        inventory = {account.id: account} if listed else {}
        there = inventory.get(account.id, decision.Account(account.id))
        engines_agree(policy, inventory, there, user, known)
        verdict = decision.decide(policy.policy.for_account(there), user, known, NOW).verdict
        found[f"{verdict}, account {'listed' if listed else 'not listed'}"] += 1

    agrees()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--verdicts", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    started = time.perf_counter()
    found = compared(options.verdicts, options.seed)
    for kind, count in sorted(found.items()):
        print(f"{count:>8}  {kind}")
    print(f"{found.total():>8}  verdicts, 0 differences, {time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
