"""`keyage rotate`: a new access key for a user, stored, proved and in use before the old one is made inactive."""

import time
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import NamedTuple

from checker.decision import User, selectors
from checker.errors import COMPLIANT_EXIT, FINDINGS_EXIT, RotationFailed, UsageError
from checker.evaluate import AccountRead, evaluate
from checker.permissions import REMEDIATE_ROLE
from checker.remediate.rotate import refusals, states
from checker.remediate.rotate.assumed import session_in
from checker.remediate.rotate.places import Place
from checker.remediate.rotate.run import Clock, Hooks, Rotation
from checker.remediate.rotate.secrecy import VERB
from checker.remediate.rotate.states import Seen, Standing
from checker.remediate.rotate.stores import opened
from checker.reports import advice
from checker.reports.remediate import rotation as words
from checker.shell.common import Common, answer, say, teller
from checker.shell.confirmed import require_confirmed
from checker.shell.loading import Checked, Loaded
from checker.sources import live
from checker.sources.audit_role import Role
from checker.sources.aws.failures import FAILURES, explain
from checker.sources.aws.session import RotatingSession
from checker.sources.saved.terraform_state import managed_keys, managed_users

CLOCK = Clock(lambda: datetime.now(UTC), time.sleep)


class Options(NamedTuple):
    common: Common
    user: str
    to: Place
    account: str | None = None
    wait: timedelta = timedelta(minutes=15)
    quiet_for: timedelta = timedelta(days=1)
    rollback: bool = False
    status: bool = False
    ses_smtp: str | None = None
    terraform_state: tuple[Path, ...] = ()
    yes: bool = False
    role_name: str | None = None
    external_id: str | None = None
    profile: str | None = None


def run(options: Options, clock: Clock | None = None) -> int:
    """Rotate as far as it goes now, and return the exit code; raises KeyageError."""
    if options.rollback and options.status:
        raise UsageError("--rollback changes something, --status looks: leave one of them out")
    if options.account is not None and not selectors.is_account_id(options.account):
        raise UsageError(f"--account {options.account}: write the account's id, of 12 digits")
    loaded = Checked(options.common).accepted()
    managed = managed_keys(options.terraform_state)
    if (address := managed_users(options.terraform_state).get(options.user)) and not options.status:
        why = f"Terraform manages {options.user}, as {address}, and its next apply takes away the tags keyage:…"
        _note(options.common.quiet, f"{why}: add lifecycle {{ ignore_changes = [tags] }}, or apply after the rotation")
    try:
        return _Verb(options, loaded, managed, clock or CLOCK).run()
    except FAILURES as error:
        raise RotationFailed(explain(error, VERB)) from None


class _Verb:
    """One run of the verb."""

    def __init__(self, options: Options, loaded: Loaded, managed: dict[str, str], clock: Clock) -> None:
        self._options, self._loaded, self._managed = options, loaded, managed
        quiet = options.common.quiet
        own = RotatingSession(options.profile, tell=teller(quiet=quiet))
        region = own.configured_region()
        if region is None:
            raise UsageError(f"in which region is {options.to}? set AWS_REGION, or the region of the profile")
        role = Role(options.role_name or REMEDIATE_ROLE, options.external_id)
        self._session = session_in(own, options.account, role)
        wants_name = live.asks_for_names(loaded.policy.policy)
        self._account = live.identify(self._session, loaded.inventory, want_name=wants_name)
        self._policy = loaded.policy.policy.for_account(self._account)
        self._words = words.Words(self._account.id, f"{options.to} in {region}", options.quiet_for)
        self._iam = self._session.client("iam")
        store = opened(options.to, self._session, options.ses_smtp, partial(_note, quiet))
        hooks = Hooks(
            self._permit,
            lambda _seen, at: require_confirmed("Go on?", yes=options.yes, first=_listed(words.ahead(self._words, at))),
            lambda act, key_id: _note(quiet, words.done(self._words, act, key_id)),
        )
        self._rotation = Rotation(self._session, store, options.user, self._account.id, clock, hooks)

    def run(self) -> int:
        """Look, go back or go on."""
        options = self._options
        with_groups = "groups" in self._policy.asked_of_users(self._loaded.now)
        try:
            if options.status:
                _user, seen, at = self._rotation.look(options.quiet_for)
            elif options.rollback:
                answer(words.taken_back(self._words, *self._rotation.back(options.quiet_for)))
                return COMPLIANT_EXIT
            else:
                seen, at = self._rotation.forward(options.quiet_for, options.wait, with_groups=with_groups)
        except KeyboardInterrupt:
            state = f" was {self._rotation.at.state}" if self._rotation.at else ""
            say([f"the rotation of {options.user}{state}: type the same command again, and it goes on from there"])
            raise
        answer(words.status(self._words, seen, at))
        return FINDINGS_EXIT if at.state in UNDER_WAY else COMPLIANT_EXIT

    def _permit(self, user: User, seen: Seen, at: Standing) -> None:
        """Raises UsageError and Unreadable if the key may not be rotated."""
        old = at.old
        if old is not None and old.status == "Active":
            refusals.refuse_own_key(user, old, self._session.own_key_id())
            refusals.refuse_by_policy(self._policy, user, old, self._loaded.now)
        for key in (at.old, at.new):
            if key is not None and key.id in self._managed:
                raise UsageError("\n".join(self._by_terraform(user, key.id)))
        if at.act == states.CREATE and self._options.ses_smtp is None:
            refusals.refuse_smtp_user(self._iam, user, stored=seen.stored.smtp)

    def _by_terraform(self, user: User, key_id: str) -> list[str]:
        reading = AccountRead(self._account, [user])
        judged = evaluate(self._loaded.policy.policy, reading, self._loaded.now, show_all=True, addresses=self._managed)
        listed = [finding for finding in judged.findings if finding.access_key_id == key_id]
        head = f"Terraform manages {key_id} of {user.name}, so it is Terraform that replaces it"
        return [
            head,
            *(line for finding in listed for line in advice.resolve(finding, self._loaded.now, user.keys)[1:-1]),
        ]


UNDER_WAY = {states.CREATED, states.STORED, states.PROVED, states.IN_USE, states.ROLLED_BACK, states.BLOCKED}


def _note(quiet: bool, message: str) -> None:
    say([f"note: {message}"], quiet=quiet)


def _listed(steps: list[str]) -> list[str]:
    return ["This is going to be done:", *(f"  {number}. {step}" for number, step in enumerate(steps, start=1))]
