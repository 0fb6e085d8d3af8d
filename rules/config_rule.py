"""Judge every user of one account for AWS Config: a custom rule that runs on a schedule, in AWS Lambda.

Standard library only: the clients and the time are handed in. Nothing is reported before everything
is read; whatever is in the way of that raises, so that AWS Config shows a failed run and no verdict. A user
on whom the policy leaves the verdict open gets none, and fails the run after all others are reported.
"""

import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

from .access_keys_rotated import (
    EXEMPT,
    NON_COMPLIANT,
    NOT_APPLICABLE,
    UNDECIDED,
    AccessKey,
    AccountPolicy,
    Decision,
    User,
    days,
    decide,
    user_verdict,
)
from .iam_keys import Unread
from .iam_reader import Needs, Reading, read_users
from .resolved_policy import document_for, open_in, policy_for

RESOURCE_TYPE = "AWS::IAM::User"
# IAM takes about 20 calls a second from an account, so four of 200 ms each are enough, and more are throttled.
# Throttled retries also share a budget, in botocore 100 in a row for a client: four calls cannot use it up.
WORKERS = 4
EVALUATIONS_A_CALL = 100  # the most that PutEvaluations takes
RESULTS_A_PAGE = 100  # the most that GetComplianceDetailsByConfigRule gives
ANNOTATION_LENGTH = 256  # characters, the most that AWS Config keeps
TEST_TOKEN = "TESTMODE"  # noqa: S105 -- by which AWS Config's own examples know a trial run
PUT_DELAYS = (1, 4, 16)  # seconds to wait before evaluations that AWS Config did not take are put again
NAMES_IN_A_MESSAGE = 20


Judged = tuple[User, str, str]  # the verdict on a user, and what there is to say about it


class NotScheduled(Exception):
    """AWS Config invoked the rule for something other than its schedule."""


class CannotJudge(Exception):
    """The verdict on some user is not known; the message says what was reported."""


class NotReported(Exception):
    """AWS Config kept refusing evaluations."""


def evaluate_account(
    event: Mapping[str, Any], document: Mapping[str, Any], client: Callable[[str], Any], now: datetime
) -> dict[str, int]:
    """Judge every user of the event's account at the instant `now` and report the verdicts to AWS Config.

    `event` is the event of a custom Lambda rule (AWS Config Developer Guide, "Example Events for AWS
    Config Rules"), `document` a resolved policy, `client` makes a boto3 client of a service, `now` is in UTC.
    Returns how many users there are by verdict, and how many were withdrawn because they are gone.

    Raises NotScheduled for other messages, NotResolved, NotReported, Untrustworthy, and what the clients raise;
    except for NotReported and a failed PutEvaluations, nothing has been reported then. Raises CannotJudge if a user's
    id is not known, and then has reported nothing, or for users without a verdict, after all others are reported.
    """
    _require_schedule(event)
    iam, config = client("iam"), client("config")
    # Before the users are listed: who is reported but then not listed is gone, and not merely new.
    reported = _reported(config, event["configRuleName"])
    account_id = event["accountId"]
    document = document_for(document, account_id)
    policy = policy_for(document, account_id)
    reading = _read(iam, Needs(policy, now, now))
    judged = [_judge(policy, user, now) for user in reading.users]
    there = [user for user, _verdict, _annotation in judged] + [unreadable.user for unreadable in reading.unread]
    _require_ids(there)
    gone = sorted(reported - {user.id for user in there})
    certain = [judgement for judgement in judged if judgement[1] != UNDECIDED]
    evaluations = [_evaluation(user.id, verdict, note, now) for user, verdict, note in certain]
    evaluations += [_evaluation(user_id, NOT_APPLICABLE, "", now) for user_id in gone]
    _put(config, evaluations, event["resultToken"])
    verdicts = [verdict for _user, verdict, _annotation in judged]
    counts = {name: verdicts.count(name) for name in ("COMPLIANT", NON_COMPLIANT, EXEMPT, UNDECIDED)}
    counts = {"users": len(there), **counts, "unread": len(reading.unread), "gone": len(gone)}
    _log(event, reading, counts)
    _require_verdicts(judged, reading.unread, account_id, open_in(document, account_id))
    return counts


def _require_schedule(event: Mapping[str, Any]) -> None:
    message = json.loads(event["invokingEvent"]).get("messageType")
    if message != "ScheduledNotification":
        raise NotScheduled(
            f"AWS Config sent {message}, but this rule judges whole accounts and runs on a schedule only: give it"
            " one trigger, ScheduledNotification with a MaximumExecutionFrequency, and no change trigger"
        )


def _reported(config: Any, rule_name: str) -> set[str]:
    """The ids of the users for whom AWS Config holds a result of the rule.

    AWS Config keeps a result until it is withdrawn, also of a user who was deleted.
    """
    pages = config.get_paginator("get_compliance_details_by_config_rule").paginate(
        ConfigRuleName=rule_name, PaginationConfig={"PageSize": RESULTS_A_PAGE}
    )
    results = [result for page in pages for result in page["EvaluationResults"]]
    subjects = [result["EvaluationResultIdentifier"]["EvaluationResultQualifier"] for result in results]
    return {subject["ResourceId"] for subject in subjects if subject["ResourceType"] == RESOURCE_TYPE}


def _read(iam: Any, needs: Needs) -> Reading:
    pool = ThreadPoolExecutor(WORKERS)
    try:
        return read_users(iam, needs, pool.map, time.sleep)
    finally:
        pool.shutdown(cancel_futures=True)  # after a failed call the thousands that wait are not worth making


def _judge(policy: AccountPolicy, user: User, now: datetime) -> Judged:
    """The user, the verdict, and what there is to say about it."""
    decisions = [(key, decide(policy, user, key, now)) for key in user.keys]
    verdict = user_verdict(decision.verdict for _key, decision in decisions)
    worst = [(key, decision) for key, decision in decisions if decision.verdict == verdict]
    worst.sort(key=lambda pair: pair[0].created)
    if verdict == NON_COMPLIANT:
        return user, verdict, _overdue(worst, now)
    return user, verdict, _exempted(worst, now) if verdict == EXEMPT else ""


def _overdue(worst: Sequence[tuple[AccessKey, Decision]], now: datetime) -> str:
    """The rule and its limit come first: what is cut off is then at most the younger key."""
    keys = ", ".join(f"{key.id} {_days(key, now)}" for key, _decision in worst)
    return f"Older than {_limit(worst[0][1])}: {keys}"


def _exempted(worst: Sequence[tuple[AccessKey, Decision]], now: datetime) -> str:
    return "; ".join(
        f"Exempt until {exemption.expires:%Y-%m-%d} (exemption {exemption.id}):"
        f" {key.id} {_days(key, now)}, limit {_limit(decision)}"
        for key, decision in worst
        if (exemption := decision.exemption)
    )


def _limit(decision: Decision) -> str:
    if decision.rule is None:
        return f"any that may apply ({', '.join(rule.id for rule in decision.rules)})"
    return f"{days(decision.rule.max_age)} (rule {decision.rule.id})"


def _days(key: AccessKey, now: datetime) -> str:
    return days((now - key.created).days)


def _require_ids(users: Iterable[User]) -> None:
    unknown = [user.name for user in users if user.id is None]
    if unknown:
        raise CannotJudge(
            f"nothing was reported: AWS Config knows users by id, and the ids of {_named(unknown)} are not known;"
            " allow iam:ListUsers to the role of this function"
        )


def _require_verdicts(
    judged: Iterable[Judged], unread: Sequence[Unread], account_id: str, open_here: Sequence[str]
) -> None:
    why = []
    if unread:
        names = _named([unreadable.user.name for unreadable in unread])
        why.append(f"the keys of {names} could not be read ({unread[0].error})")
    undecided = [user.name for user, verdict, _annotation in judged if verdict == UNDECIDED]
    if undecided and open_here:
        why.append(
            f"the policy leaves open what applies to {_named(undecided)}: account {account_id} is not in the inventory"
            f" it was rendered with, and {_named(open_here)} may select the account; run `keyage inventory` and render"
            " anew"
        )
    elif undecided:
        why.append(
            f"the policy leaves open what applies to {_named(undecided)}: allow iam:GetAccountAuthorizationDetails to"
            " the role of this function"
        )
    if why:
        raise CannotJudge(f"all others are reported, but {'; '.join(why)}")


def _named(names: Sequence[str]) -> str:
    more = len(names) - NAMES_IN_A_MESSAGE
    return ", ".join(names[:NAMES_IN_A_MESSAGE]) + (f" and {more} more" if more > 0 else "")


def _evaluation(user_id: str | None, verdict: str, annotation: str, now: datetime) -> dict[str, Any]:
    """An Evaluation as PutEvaluations takes it; AWS Config has no word for exempt, and no empty annotation."""
    evaluation = {
        "ComplianceResourceType": RESOURCE_TYPE,
        "ComplianceResourceId": user_id,
        "ComplianceType": "COMPLIANT" if verdict == EXEMPT else verdict,
        "OrderingTimestamp": now,
    }
    if len(annotation) > ANNOTATION_LENGTH:
        annotation = annotation[: ANNOTATION_LENGTH - 3] + "..."
    return {**evaluation, "Annotation": annotation} if annotation else evaluation


def _put(config: Any, evaluations: list[dict[str, Any]], token: str) -> None:
    """Report the evaluations; those that AWS Config did not take are put again a few times."""
    testing = token == TEST_TOKEN
    for delay in (*PUT_DELAYS, None):
        failed = []
        for start in range(0, len(evaluations), EVALUATIONS_A_CALL):
            batch = evaluations[start : start + EVALUATIONS_A_CALL]
            answer = config.put_evaluations(Evaluations=batch, ResultToken=token, TestMode=testing)
            failed += answer.get("FailedEvaluations", ())
        if not failed:
            return
        evaluations = failed
        if delay is not None:
            time.sleep(delay)
    names = _named([evaluation["ComplianceResourceId"] for evaluation in evaluations])
    raise NotReported(f"AWS Config took no evaluation of {names} in {len(PUT_DELAYS) + 1} attempts; the next run will")


def _log(event: Mapping[str, Any], reading: Reading, counts: Mapping[str, int]) -> None:
    """One line of JSON for CloudWatch Logs Insights; the root user has no evaluation that could carry a warning."""
    line = {"accountId": event["accountId"], "rule": event["configRuleName"], "counts": counts}
    line |= {"notes": reading.notes, "rootKeyActive": reading.root_key_active}
    print(json.dumps(line))  # noqa: T201 -- what a Lambda function prints is its log
