"""What to say of an account beside the deployment itself: its recorder, and what else has the names or the work."""

from collections.abc import Iterator

from checker.compare.drift.difference import Difference
from checker.compare.drift.rule import max_age
from checker.generate.deployment import MANAGED_RULE, Deployment
from checker.sources.deployed.parts import Deployed, Unread

USER = "AWS::IAM::User"
OTHER_NAME = "choose another deploy.ruleName"


def foreign(expected: Deployment, deployed: Deployed) -> str | None:
    """What the rule of that name is, if it is not keyage's and would not do for keyage's either."""
    if deployed.rule is None or deployed.owned or (_is_managed(deployed) and not expected.custom):
        return None
    source = deployed.rule.get("Source", {})
    if _is_managed(deployed):
        return f"the AWS managed rule {MANAGED_RULE}, {max_age(deployed.rule)} days"
    return " ".join(filter(None, (source.get("Owner"), source.get("SourceIdentifier"))))


def _is_managed(deployed: Deployed) -> bool:
    source: dict[str, str] = (deployed.rule or {}).get("Source", {})
    return (source.get("Owner"), source.get("SourceIdentifier")) == ("AWS", MANAGED_RULE)


def taken(expected: Deployment, deployed: Deployed, whose: str) -> Difference:
    """That the name of the rule is somebody else's, and what to do."""
    what = f"a rule that is not keyage's ({whose})"
    return Difference(f"Config rule {expected.rule_name}", what, "keyage's rule", (_take_over(deployed),))


def _take_over(deployed: Deployed) -> str:
    rule = deployed.rule or {}
    if rule.get("CreatedBy"):
        return f"{rule['CreatedBy']} made it, and nobody else can change it: {OTHER_NAME}"
    return (
        f"a deployment would take it over in silence: {OTHER_NAME}, or take it over on purpose, in Terraform with an"
        f' import block whose id is "{rule.get("ConfigRuleName")}"'
    )


def in_the_way(deployed: Deployed) -> Iterator[Difference]:
    """What somebody else made under a name that a first deployment needs."""
    for each in deployed.in_the_way:
        remedy = f"Terraform stops at it: {OTHER_NAME}, or remove or import what is there"
        yield Difference(f"{each.kind} {each.name}", "one that is not keyage's", "keyage's", (remedy,))


def recorder(deployed: Deployed) -> Iterator[Difference]:
    """That there is no recorder, without which AWS Config takes no rule (AWS Config API Reference, PutConfigRule)."""
    if deployed.recorder is None:
        remedy = "set up AWS Config there: it takes no rule where it has no recorder"
        yield Difference("AWS Config recorder", "nothing", "a recorder", (remedy,))


def acting(deployed: Deployed) -> Iterator[Difference]:
    """What keyage deployed under another name and what still touches keys by itself."""
    for each in deployed.strangers:
        if each.acts:
            remedy = "remove it, or what deployed it, if it is not meant to be there"
            yield Difference(f"{each.kind} {each.name}", f"another of keyage's: {each.acts}", "nothing", (remedy,))


def notes(expected: Deployment, deployed: Deployed) -> Iterator[str]:
    """What is no difference, but worth knowing."""
    yield from _recorder_notes(expected, deployed)
    if deployed.rule is not None and not deployed.owned and foreign(expected, deployed) is None:
        yield f"Config rule {expected.rule_name} is not keyage's: {_take_over(deployed)}"
    # Where the rule is gone, nothing says any more that its function is the one that is wanted.
    own = {*expected.remediation_functions.values(), *([expected.name("evaluation")] if expected.custom else [])}
    for each in deployed.strangers:
        if not each.acts and each.name not in own:
            yield (
                f"{each.kind} {each.name} is another of keyage's, of an older release or another policy:"
                " remove it if nobody needs it"
            )


def _recorder_notes(expected: Deployment, deployed: Deployed) -> Iterator[str]:
    there = deployed.recorder
    if there is None or isinstance(there, Unread):
        return
    named = f"AWS Config's recorder {there.name} in {expected.region}"
    if expected.custom:
        why = "the rule judges all the same, but AWS Config knows users by their ids only"
    else:
        why = f"the managed rule may judge nobody, if {USER} is recorded in no region"
    if not there.recording:
        yield f"{named} is stopped: {why}; start it"
    elif not there.records_users:
        yield f"{named} does not record {USER}: {why}; add this type, or includeGlobalResourceTypes, in one region"
    elif there.error:
        yield f"{named} fails ({there.error}): see to its role and its delivery channel"
