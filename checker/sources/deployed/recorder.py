"""AWS Config's recorder: without one there are no rules, and the managed rule knows users by what it records."""

from typing import Any

from checker.sources.deployed.parts import Recorder

USER = "AWS::IAM::User"


def read(config: Any) -> Recorder | None:
    """The recorder of the region that is the customer's; None if there is none."""
    recorders = config.describe_configuration_recorders()["ConfigurationRecorders"]
    own = [each for each in recorders if not each.get("servicePrincipal")]
    if not own:
        return None
    recorder = own[0]
    states = config.describe_configuration_recorder_status()["ConfigurationRecordersStatus"]
    state: dict[str, Any] = next((each for each in states if each.get("name") == recorder["name"]), {})
    failed = str(state.get("lastStatus", "")).upper() == "FAILURE"
    error = f"{state.get('lastErrorCode')}: {state.get('lastErrorMessage')}" if failed else None
    return Recorder(recorder["name"], bool(state.get("recording")), records_users(recorder), error)


def records_users(recorder: dict[str, Any]) -> bool:
    """Whether IAM users are among what it records (AWS Config API Reference, RecordingGroup, RecordingStrategy)."""
    group = recorder.get("recordingGroup", {})
    strategy = group.get("recordingStrategy", {}).get("useOnly")
    if strategy == "EXCLUSION_BY_RESOURCE_TYPES":
        return USER not in group.get("exclusionByResourceTypes", {}).get("resourceTypes", [])
    if strategy == "INCLUSION_BY_RESOURCE_TYPES" or not group.get("allSupported"):
        return USER in group.get("resourceTypes", [])
    return bool(group.get("includeGlobalResourceTypes"))
