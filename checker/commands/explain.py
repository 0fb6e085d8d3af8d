"""`keyage explain USER`: why this limit?"""

import shlex
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from checker.decision import Account, Exemption, Rule, User, decision, selectors, unknown_account
from checker.errors import COMPLIANT_EXIT, UNREADABLE_EXIT, Unreadable, UsageError
from checker.evaluate import SKEW, AccountRead, AccountUnreadable
from checker.policy.explain import telling_tests
from checker.policy.nearest import Known
from checker.scan.saved import open_saved, say_keys_ahead
from checker.shell.common import Common, answer
from checker.shell.loading import Checked, Inventory, Loaded
from checker.spoken import account_label, plural


class Options(NamedTuple):
    common: Common
    user: str
    account: str | None = None
    path: str | None = None
    tags: tuple[str, ...] = ()
    no_tags: bool = False
    groups: tuple[str, ...] = ()
    no_groups: bool = False
    saved: Path | None = None


def run(options: Options) -> int:
    """Print the explanation; the code is 3 if something it depends on is not known."""
    loaded = Checked(options.common).accepted()
    account, user, doubts = _subject(options, loaded)
    ahead = sum(key.created > loaded.now + SKEW for key in user.keys)
    say_keys_ahead(ahead, loaded.now, quiet=options.common.quiet)
    resolved = loaded.policy.policy.for_account(account)
    deciding = resolved.rules_for(user)
    lines = [
        _who(account, user),
        *_limit(loaded, deciding),
        *_asked(options, account, user, deciding),
        *_rules(loaded, account, user, deciding),
        *_exemptions(loaded, account, user),
        *_keys(loaded, account, user),
        *doubts,
    ]
    answer(lines)
    return COMPLIANT_EXIT if len(deciding) == 1 and not doubts else UNREADABLE_EXIT


def _subject(options: Options, loaded: Loaded) -> tuple[Account, User, Sequence[str]]:
    """The account and user as far as options, inventory and saved state know them, and which state was not read.

    Raises UsageError, Unreadable.
    """
    for name, some, none in (("tag", options.tags, options.no_tags), ("group", options.groups, options.no_groups)):
        if some and none:
            raise UsageError(f"--{name} and --no-{name}s contradict each other: leave one of them out")
    user: User | None = None
    doubts: Sequence[str] = ()
    if options.saved is not None:
        account, user, doubts = _saved_subject(options, options.saved, loaded)
    else:
        account = _named_account(options.account, loaded.inventory)
    path = options.path or (user.path if user else None)
    tags = _tags(options) if options.tags or options.no_tags else (user.tags if user else None)
    groups = options.groups if options.groups or options.no_groups else (user.groups if user else None)
    subject = decision.User(options.user, path, tags, keys=user.keys if user else (), groups=groups)
    return account, subject, doubts


def _named_account(named: str | None, inventory: Inventory) -> Account:
    """The account of this id or name; raises UsageError for a name of several accounts, or of none that is known."""
    if named is None:
        return unknown_account()
    if selectors.is_account_id(named):
        return inventory.get(named) or decision.Account(named)
    alike = [account for account in inventory.values() if account.name == named]
    if len(alike) > 1:
        ids = ", ".join(sorted(str(account.id) for account in alike))
        raise UsageError(f"--account {named}: {len(alike)} accounts have this name: give the id ({ids})")
    if not alike and inventory:
        raise UsageError(_nobody(named, "the inventory has", [account.name for account in inventory.values()]))
    return alike[0] if alike else unknown_account(named)


def _nobody(named: str, has: str, names: Iterable[str | None]) -> str:
    """That no account has this id or name, and which names are nearest."""
    if selectors.is_account_id(named):
        return f"--account {named}: {has} no such account"
    if named.isdecimal():
        return f"--account {named}: {has} no such account, and an id has 12 digits"
    near = ", ".join(Known(filter(None, names)).nearest(named))
    return f"--account {named}: {has} no such account" + (f"; the nearest: {near}" if near else ": give its id")


def _saved_subject(options: Options, saved: Path, loaded: Loaded) -> tuple[Account, User, Sequence[str]]:
    opened = open_saved(saved, loaded.inventory, loaded.now, quiet=options.common.quiet)
    found: list[tuple[Account, User]] = []
    doubts: list[str] = []
    there: list[str | None] = []
    meant = False
    for read in opened.accounts:
        if isinstance(read, AccountUnreadable):
            doubts += _unread_account(options, read)
            continue
        there.append(read.account.name)
        if options.account in (None, read.account.id, read.account.name):
            meant = True
            found += [(read.account, user) for user in read.users if user.name == options.user]
            doubts += _unread_keys(options, read)
    if not found and doubts:
        raise Unreadable(f"{saved}: {'; '.join(doubts)}")
    if not meant and options.account:
        raise UsageError(_nobody(options.account, f"{saved} has", there))
    if not found:
        where = f" in {options.account}" if options.account else ""
        raise UsageError(f"{saved} has no user {options.user}{where}")
    if len(found) > 1:
        ids = ", ".join(account.id for account, _user in found)
        raise UsageError(f"{options.user} is in several accounts: name one with --account ({ids})")
    return *found[0], doubts


def _unread_account(options: Options, unreadable: AccountUnreadable) -> Iterator[str]:
    """That the user may have keys in an account that was not read, if it can be the one that is meant."""
    if options.account is None or unreadable.id is None or options.account in (unreadable.id, unreadable.name):
        who = account_label(unreadable.id, unreadable.name) if unreadable.id else "an account that is not certain"
        yield f"{options.user} may have keys in {who}, which could not be read: {unreadable.reason}"


def _unread_keys(options: Options, read: AccountRead) -> Iterator[str]:
    """That not all keys of the user were read."""
    who = account_label(read.account.id, read.account.name)
    for user in read.unread:
        if user.name == options.user:
            yield f"{user.name} has keys in {who} that could not be read: {user.reason}"


def _tags(options: Options) -> dict[str, str]:
    pairs = [text.partition("=") for text in options.tags]
    wrong = [key for key, equals, _value in pairs if not equals or not key]
    if wrong:
        raise UsageError(f"--tag {wrong[0]}: write KEY=VALUE")
    return {key: value for key, _equals, value in pairs}


def _who(account: Account, user: User) -> str:
    known = [text for text in (account.id, account.name, account.ou) if text]
    path = f" (path {user.path})" if user.path else ""
    return f"{user.name}{path} in {', '.join(known) or 'an account that is not known'}"


def _limit(loaded: Loaded, deciding: Sequence[Rule]) -> Iterator[str]:
    if len(deciding) == 1:
        rule = deciding[0]
        yield f"  maxAccessKeyAge {plural(rule.max_age, 'day')}, by {_place(loaded, rule)}"
        return
    yield "  maxAccessKeyAge cannot be told: it depends on what is not known. Candidates:"
    for rule in deciding:
        yield f"    {plural(rule.max_age, 'day')}, by {_place(loaded, rule)}"


def _asked(options: Options, account: Account, user: User, deciding: Sequence[Rule]) -> Iterator[str]:
    """What has to be given until one limit is left."""
    if len(deciding) == 1:
        return
    comparisons = [test for rule in deciding for test in telling_tests(rule.accounts, rule.users, account, user)]
    missing = list(dict.fromkeys(test.attribute for test in comparisons if test.matched is None))
    wanted = [*_of_account(missing, account), *filter(None, map(_of_user, missing))]
    saved = [] if options.saved else ["or a snapshot with --from"]
    yield f"  Not known: {', '.join(missing)}. Give {', '.join([*wanted, *saved])}."


def _of_account(missing: Sequence[str], account: Account) -> Iterator[str]:
    """What tells the attributes of the account that are not known."""
    asked = {attribute for attribute in missing if attribute.startswith("account ")}
    if asked and account.id is None:
        yield "the account's id with --account" if account.name else "--account"
        asked -= {"account id", "account name"}
    if asked:
        yield "an inventory that has the account"


def _of_user(attribute: str) -> str | None:
    """The options that tell an attribute of the user; None for one of the account."""
    if attribute.startswith("user tag "):
        return f"--tag {shlex.quote(attribute.removeprefix('user tag ') + '=VALUE')} or --no-tags"
    return {"user path": "--path", "user group": "--group or --no-groups"}.get(attribute)


def _place(loaded: Loaded, entry: Rule | Exemption) -> str:
    return f"{entry.id} ({loaded.policy.file}:{loaded.policy.written[entry.id].line})"


def _rules(loaded: Loaded, account: Account, user: User, deciding: Sequence[Rule]) -> Iterator[str]:
    rules = loaded.policy.policy.rules
    yield "Rules, top to bottom:"
    for rule in rules[: rules.index(deciding[-1]) + 1]:
        tests = telling_tests(rule.accounts, rule.users, account, user)
        why = "; ".join(map(str, tests)) or "matches everything"
        word = ("decides" if len(deciding) == 1 else "may decide") if rule in deciding else "does not match"
        yield f"  {_place(loaded, rule)}: {word}: {why}"
    later = len(rules) - rules.index(deciding[-1]) - 1
    if later:
        yield f"  ({later} later {'rule is' if later == 1 else 'rules are'} not reached)"


def _exemptions(loaded: Loaded, account: Account, user: User) -> Iterator[str]:
    exemptions = loaded.policy.policy.exemptions
    if not exemptions:
        yield "No exemptions in this policy."
        return
    yield "Exemptions:"
    for exemption in exemptions:
        yield f"  {_place(loaded, exemption)}: {_applies(loaded, exemption, account, user)}"


def _applies(loaded: Loaded, exemption: Exemption, account: Account, user: User) -> str:
    tests = telling_tests(exemption.accounts, exemption.users, account, user)
    day = f"{exemption.expires:%Y-%m-%d}"
    if any(test.matched is False for test in tests):
        return f"does not match: {'; '.join(map(str, tests))}"
    if exemption.expires <= loaded.now:
        return f"matched, but expired on {day}"
    may = "may apply" if any(test.matched is None for test in tests) else "applies"
    keys = f" to {', '.join(sorted(exemption.keys))}" if exemption.keys else ""
    entry = loaded.policy.written[exemption.id].entry
    return f"{may}{keys} until {day}: {entry['reason']} (approved by {entry['approvedBy']})"


def _keys(loaded: Loaded, account: Account, user: User) -> Iterator[str]:
    """The verdict on each key, where saved state has them."""
    resolved = loaded.policy.policy.for_account(account)
    for key in user.keys:
        decided = decision.decide(resolved, user, key, loaded.now)
        age = max(timedelta(0), loaded.now - key.created).days
        by = f" by {decided.exemption.id}" if decided.exemption else ""
        yield f"Key {key.id or '(id not known)'}: {key.status}, {plural(age, 'day')} old: {decided.verdict}{by}"
