"""accounts.yaml: what is known of the accounts of an organization."""

from collections.abc import Iterator
from pathlib import Path

from checker.decision import Account, decision
from checker.errors import FileProblems, Problem
from checker.policy import loader
from checker.policy.yaml import check as yaml_check
from checker.policy.yaml import parse as yaml_text

Inventory = dict[str, Account]
MAX_BYTES = 16 * yaml_text.MAX_BYTES  # ten thousand accounts with their tags are several MiB


def load(path: Path) -> Inventory:
    """The accounts by id; raises FileProblems with every problem, UsageError without a file."""
    return parse(loader.read(path, "inventory", MAX_BYTES), str(path))


def parse(data: bytes, file: str) -> Inventory:
    """The accounts by id, of the bytes of a file; raises FileProblems with every problem."""
    document = yaml_text.parse(data, file, MAX_BYTES)
    content, problems = yaml_check.check(document, "inventory")
    problems = [*problems, *_repeated(document, content)]
    if problems:
        raise FileProblems(problems)
    return {
        entry["id"]: decision.Account(entry["id"], entry.get("name"), entry.get("ou"), entry.get("tags"))
        for entry in content["accounts"]
    }


def complete(account: Account, inventory: Inventory) -> Account:
    """The account with what it lacks filled in from the inventory."""
    known = inventory.get(account.id)
    if known is None or None not in (account.name, account.ou, account.tags):
        return account
    return decision.Account(
        account.id,
        known.name if account.name is None else account.name,
        known.ou if account.ou is None else account.ou,
        known.tags if account.tags is None else account.tags,
    )


def now_known(account: Account, inventory: Inventory) -> Account:
    """The account as the inventory has it, with what that lacks filled in from what was known of it earlier."""
    return complete(inventory.get(account.id, account), {account.id: account})


def _repeated(document: yaml_text.Document, content: object) -> Iterator[Problem]:
    listed = content.get("accounts") if isinstance(content, dict) else None
    seen = set()
    for number, entry in enumerate(listed if isinstance(listed, list) else ()):
        account_id = entry.get("id") if isinstance(entry, dict) else None
        if account_id in seen:
            yield document.problem(("accounts", number, "id"), f"the account {account_id} is listed twice")
        if account_id is not None:
            seen.add(account_id)
