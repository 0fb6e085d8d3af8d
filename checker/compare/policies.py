"""What a change of the policy changes: rules, exemptions, settings, and whether it loosens. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from checker.compare.effects import Effect, Rules, by_number, by_remediation, strongest
from checker.decision import Exemption, Rule, remediation_settings
from checker.policy.coverage import covers
from checker.policy.loader import NoPolicy, PolicyFile

DEFAULT = "default"
SETTINGS = ("remediation", "deploy")


class Change(NamedTuple):
    """A change of a rule, an exemption, the default or a setting."""

    kind: str  # rule, exemption, default, remediation or deploy
    id: str
    what: str  # added, removed, changed or moved
    effect: Effect
    details: Sequence[str]  # what is different, in the words of the policy
    base_line: int | None  # in the policy before; None where it has none
    head_line: int | None  # in the policy after


def changes(base: PolicyFile | NoPolicy, head: PolicyFile) -> list[Change]:
    """Every change from `base` to `head`: those that loosen first, then by their place."""
    if isinstance(base, NoPolicy):
        found = list(_everything(head))
    else:
        found = [*_default(base, head), *_rules(base, head), *_exemptions(base, head), *_settings(base, head)]
    order = {Effect.LOOSENS: 0, Effect.TIGHTENS: 1, Effect.NEITHER: 2}
    return sorted(
        found, key=lambda change: (order[change.effect], change.head_line or change.base_line or 0, change.id)
    )


def _everything(head: PolicyFile) -> Iterator[Change]:
    """All that a first policy says. Where no key had a limit nothing can loosen."""
    for rule in head.policy.rules:
        line, kind = head.written[rule.id].line, DEFAULT if rule.id == DEFAULT else "rule"
        yield Change(kind, rule.id, "added", Effect.TIGHTENS, _terms(head.written[rule.id].entry), None, line)
    for exemption in head.policy.exemptions:
        line, entry = head.written[exemption.id]
        yield Change("exemption", exemption.id, "added", Effect.NEITHER, [_exempts(entry)], None, line)
    yield from _settings(None, head)


def _default(base: PolicyFile, head: PolicyFile) -> Iterator[Change]:
    before, after = base.policy.rules[-1].max_age, head.policy.rules[-1].max_age
    if before != after:
        details = [f"maxAccessKeyAge: {before} → {after}"]
        lines = base.written[DEFAULT].line, head.written[DEFAULT].line
        yield Change(DEFAULT, DEFAULT, "changed", by_number(before, after), details, *lines)


def _rules(base: PolicyFile, head: PolicyFile) -> Iterator[Change]:
    before, after = _by_id(base.policy.rules[:-1]), _by_id(head.policy.rules[:-1])
    both = Rules(base, head)
    for rule_id in after:
        if rule_id not in before:
            details = _terms(head.written[rule_id].entry)
            yield _change("rule", rule_id, "added", both.takes(rule_id), details, base, head)
    for rule_id, rule in before.items():
        if rule_id not in after:
            details = _terms(base.written[rule_id].entry)
            yield _change("rule", rule_id, "removed", both.gives(rule_id), details, base, head)
            continue
        details = list(entry_differences(base.written[rule_id].entry, head.written[rule_id].entry))
        if details:
            effects = [*_by_selectors(both, rule, after[rule_id]), by_number(rule.max_age, after[rule_id].max_age)]
            effect = strongest([*effects, _by_own_remediation(base, head, rule_id)])
            yield _change("rule", rule_id, "changed", effect, details, base, head)
    yield from _moved(base, head, both)


def _by_selectors(both: Rules, before: Rule, after: Rule) -> Iterator[Effect]:
    if not _covers(before, after):
        yield both.takes(after.id)
    if not _covers(after, before):
        yield both.gives(after.id)


def _by_own_remediation(base: PolicyFile, head: PolicyFile, rule_id: str) -> Effect:
    """Of the blocks of one rule; without a block of its own it has that of the policy."""
    own = [file.written[rule_id].entry.get("remediation") for file in (base, head)]
    return Effect.NEITHER if own[0] == own[1] else by_remediation(base.remediation[rule_id], head.remediation[rule_id])


def _moved(base: PolicyFile, head: PolicyFile, both: Rules) -> Iterator[Change]:
    """Rules that come before others which they came after; of two that swapped, the one that now comes first."""
    old = {rule.id: place for place, rule in enumerate(base.policy.rules)}
    new = [rule.id for rule in head.policy.rules if rule.id in old]
    for place, rule_id in enumerate(new):
        passed = [other for other in new[place + 1 :] if old[other] < old[rule_id]]
        if passed:
            effect = both.takes_from(rule_id, passed)
            yield _change("rule", rule_id, "moved", effect, [f"now before {', '.join(passed)}"], base, head)


def _exemptions(base: PolicyFile, head: PolicyFile) -> Iterator[Change]:
    before, after = _by_id(base.policy.exemptions), _by_id(head.policy.exemptions)
    for exemption_id in after:
        if exemption_id not in before:
            details = [_exempts(head.written[exemption_id].entry)]
            yield _change("exemption", exemption_id, "added", Effect.LOOSENS, details, base, head)
    for exemption_id, exemption in before.items():
        if exemption_id not in after:
            details = [_exempts(base.written[exemption_id].entry)]
            yield _change("exemption", exemption_id, "removed", Effect.TIGHTENS, details, base, head)
            continue
        details = list(entry_differences(base.written[exemption_id].entry, head.written[exemption_id].entry))
        if details:
            effect = _by_reach(exemption, after[exemption_id])
            yield _change("exemption", exemption_id, "changed", effect, details, base, head)


def _by_reach(before: Exemption, after: Exemption) -> Effect:
    """An exemption that may reach a key or a day that it did not reach loosens."""
    wider = after.expires > before.expires or not _covers(before, after) or not _has_keys(before, after)
    narrower = after.expires < before.expires or not _covers(after, before) or not _has_keys(after, before)
    return Effect.LOOSENS if wider else Effect.TIGHTENS if narrower else Effect.NEITHER


def _has_keys(wider: Exemption, narrower: Exemption) -> bool:
    return wider.keys is None or (narrower.keys is not None and narrower.keys <= wider.keys)


def _settings(base: PolicyFile | None, head: PolicyFile) -> Iterator[Change]:
    for name in SETTINGS:
        before, after = (file.content.get(name, {}) if file else {} for file in (base, head))
        details = list(entry_differences(before, after))
        if details:
            what = "added" if not before else "removed" if not after else "changed"
            effect = _by_common_remediation(base, head) if name == "remediation" else Effect.NEITHER
            lines = [file.document.line((name,)) if file and name in file.content else None for file in (base, head)]
            yield Change(name, name, what, effect, details, lines[0], lines[1])


def _by_common_remediation(base: PolicyFile | None, head: PolicyFile) -> Effect:
    before = base.remediation[DEFAULT] if base else remediation_settings(None)
    return by_remediation(before, head.remediation[DEFAULT])


def _covers(wider: Rule | Exemption, narrower: Rule | Exemption) -> bool:
    return covers(wider.accounts, narrower.accounts, users=False) and covers(wider.users, narrower.users, users=True)


def _by_id(entries: Sequence[Any]) -> dict[str, Any]:
    return {entry.id: entry for entry in entries}


def _change(
    kind: str, entry_id: str, what: str, effect: Effect, details: Sequence[str], base: PolicyFile, head: PolicyFile
) -> Change:
    before, after = base.written.get(entry_id), head.written.get(entry_id)
    return Change(kind, entry_id, what, effect, details, before and before.line, after and after.line)


def _terms(entry: Mapping[str, Any]) -> Sequence[str]:
    return [f"{name}: {shown(entry[name])}" for name in ("maxAccessKeyAge", "remediation") if name in entry]


def _exempts(entry: Mapping[str, Any]) -> str:
    return f"until {entry['expires']}, approved by {entry['approvedBy']}: {entry['reason']}"


def entry_differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """What of a rule, an exemption or a block is not as before, each as `name: before → after`."""
    for name in dict.fromkeys((*before, *after)):
        old, new = before.get(name), after.get(name)
        if old != new:
            yield f"{name}: {shown(old)} → {shown(new)}"


def shown(value: Any) -> str:
    """A value as it would be written in YAML's flow style."""
    if value is None:
        return "(none)"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {shown(part)}" for name, part in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(shown, value)) + "]"
    return str(value).lower() if isinstance(value, bool) else str(value)
