"""Whether the AWS Config rule judges thousands of users within a Lambda function's 15 minutes while IAM throttles.

IAM answers so many requests a second for the whole account, with a burst; above that it answers Throttling.
The clients are those of rules/aws_clients.py. The time is real: 5,000 users take more than four minutes.
"""

import json
import os
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib import import_module
from types import ModuleType
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

import fake_iam
import yaml
from botocore.config import Config
from emulator import Answer, Answering, Call, Emulator
from measure import judge, parser, table
from traps import ACCOUNT_ID, EXEMPT, FINE, OVERDUE, User, policy_text, users

LIMIT_VARIABLE = "KEYAGE_BENCHMARK_LIMIT"  # for the emulator's process: what _TokenBucket takes
RULE = "access-keys-rotated"
PUT, DETAILS, TALLY = "PutEvaluations", "GetComplianceDetailsByConfigRule", "Tally"
SECONDS_ALLOWED = 900.0
TIMES_IDEAL = 1.3
GONE = "AIDAGONEEXAMPLE12345"  # whom an earlier run reported


class _TokenBucket:
    """So many requests a second, and a burst; `others` of them go to other programs of the account.

    From its fifth second on it takes no request for `outage` seconds.
    """

    def __init__(self, rate: float, burst: float, others: float, outage: float) -> None:
        self._rate, self._burst, self._others, self._outage = rate, burst, others, outage
        self._tokens, self._at = burst, time.monotonic()
        self._first: float | None = None

    def take(self) -> bool:
        now = time.monotonic()
        self._first = self._first or now
        if 5 <= now - self._first < 5 + self._outage:
            return False
        self._tokens = min(self._burst, self._tokens + (now - self._at) * (self._rate - self._others))
        self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


class _Config:
    """Two calls of AWS Config in its JSON protocol."""

    def __init__(self) -> None:
        self.results: dict[str, dict[str, Any]] = {GONE: {"ComplianceType": FINE}}

    def answer(self, operation: str, asked: Mapping[str, Any]) -> Answer:
        if operation == DETAILS:
            page = [
                {"EvaluationResultIdentifier": {"EvaluationResultQualifier": qualifier}}
                for qualifier in ({"ResourceType": "AWS::IAM::User", "ResourceId": user_id} for user_id in self.results)
            ]
            return Answer(200, json.dumps({"EvaluationResults": page[: asked["Limit"]]}).encode())
        if operation == PUT and len(asked["Evaluations"]) <= 100:
            self.results |= {evaluation["ComplianceResourceId"]: evaluation for evaluation in asked["Evaluations"]}
            return Answer(200, b'{"FailedEvaluations": []}')
        return Answer(400, json.dumps({"__type": "ValidationException", "message": operation}).encode())


def answering(account: Sequence[User]) -> Answering:
    """What answers in the emulator's process: IAM behind a limit, AWS Config, and a tally of both."""
    iam, config = fake_iam.answering(account), _Config()
    limit = _TokenBucket(*json.loads(os.environ[LIMIT_VARIABLE]))
    tally: Counter[str] = Counter()
    started = ended = 0.0

    def answer(call: Call) -> Answer:
        nonlocal started, ended
        if call.operation == TALLY:
            figures = {"tally": tally, "results": config.results, "seconds": ended - started}
            return Answer(200, json.dumps(figures).encode())
        if target := call.headers.get("X-Amz-Target"):
            operation = target.rpartition(".")[2]
            tally[operation] += 1
            return config.answer(operation, json.loads(call.body))
        tally["IAM requests"] += 1
        ended = time.monotonic()
        started = started or ended
        if limit.take():
            tally["IAM answers"] += 1
            return iam(call)
        tally["throttled"] += 1
        error = "<Type>Sender</Type><Code>Throttling</Code><Message>Rate exceeded</Message>"
        return Answer(400, f"<ErrorResponse><Error>{error}</Error></ErrorResponse>".encode())

    return answer


def main() -> int:
    options = parser(__doc__)
    options.add_argument("--users", type=int, default=5_000, help="users whose keys must be listed")
    options.add_argument("--rate", type=float, default=20, help="requests a second that IAM answers")
    options.add_argument("--burst", type=float, default=20, help="requests that IAM answers at once after a quiet time")
    options.add_argument("--others", type=float, default=0, help="of them a second taken by other programs")
    options.add_argument("--outage", type=float, default=0, help="seconds in which IAM throttles every request")
    options.add_argument("--latency-ms", type=float, default=40, help="time that each call takes")
    options.add_argument("--workers", type=int, help="None: as in rules/config_rule.py")
    options.add_argument(
        "--mode", choices=["standard", "adaptive", "legacy"], help="None: that of rules/aws_clients.py"
    )
    options.add_argument("--attempts", type=int, help="None: as in rules/aws_clients.py")
    arguments = options.parse_args()
    now = datetime.now(UTC).replace(microsecond=0)
    account = users(arguments.users, now)
    os.environ[LIMIT_VARIABLE] = json.dumps([arguments.rate, arguments.burst, arguments.others, arguments.outage])
    rule, clients = _modules(arguments.workers, arguments.mode, arguments.attempts)
    with Emulator("config_rule", account, arguments.latency_ms / 1000) as emulator:
        # As in Lambda, which sets both; boto3 looks at the second alone.
        os.environ.update(emulator.environment(), AWS_DEFAULT_REGION="us-east-1")
        before = time.perf_counter()
        failure = _evaluate(rule, clients, policy_text(now), now)
        wall = time.perf_counter() - before
        figures = figures_of(emulator.port)
    wrong = _wrong(account, figures["results"])
    if failure:
        print(f"FAILED: {failure}\n")
    _print(wall, figures["tally"], len(account), arguments.rate - arguments.others, wrong)
    return 1 if failure or wrong.total() else 0


def _modules(workers: int | None, mode: str | None, attempts: int | None) -> tuple[ModuleType, ModuleType]:
    """The shipped modules, with what the command line changes in them."""
    rule, clients = import_module("checker.rules.config_rule"), import_module("checker.rules.aws_clients")
    rule.WORKERS = workers or rule.WORKERS  # type: ignore[attr-defined]
    retries: dict[str, Any] = dict(clients.SETTINGS.retries)
    retries["mode"] = mode or retries["mode"]
    retries["total_max_attempts"] = attempts or retries["total_max_attempts"]
    clients.SETTINGS = clients.SETTINGS.merge(Config(retries=retries))  # type: ignore[arg-type, attr-defined]
    print(f"{rule.WORKERS} workers, {retries}\n")
    return rule, clients


def _evaluate(rule: ModuleType, clients: ModuleType, policy: str, now: datetime) -> str | None:
    """Runs the rule as its handler does; what it raised, if it did."""
    message = json.dumps({"messageType": "ScheduledNotification"})
    event = {"invokingEvent": message, "accountId": ACCOUNT_ID, "configRuleName": RULE, "resultToken": "benchmark"}
    document = yaml.safe_load(policy)
    for exemption in document["exemptions"]:
        exemption["expires"] = str(exemption["expires"])
    try:
        rule.evaluate_account(event, document, clients.aws_client, now)
    except Exception as error:  # noqa: BLE001 -- the figures of a failed run are printed too
        return f"{type(error).__name__}: {error}"
    return None


def figures_of(port: int) -> Mapping[str, Any]:
    asked = urlencode({"Action": TALLY}).encode()
    with urlopen(f"http://127.0.0.1:{port}/", asked) as response:
        figures: Mapping[str, Any] = json.load(response)
    return figures


def _wrong(account: Sequence[User], results: Mapping[str, Mapping[str, Any]]) -> Counter[str]:
    """How many users AWS Config was told a wrong verdict of, or none."""
    wrong: Counter[str] = Counter()
    for user in account:
        verdicts = {key.verdict for key in user.keys}
        right = OVERDUE if OVERDUE in verdicts else FINE
        result = results.get(user.id, {})
        wrong["lost verdicts"] += not result
        wrong["wrong verdicts"] += result.get("ComplianceType", right) != right
        wrong["nothing said"] += bool(result and verdicts & {OVERDUE, EXEMPT} and "Annotation" not in result)
    wrong["gone but kept"] += results[GONE]["ComplianceType"] != "NOT_APPLICABLE"
    return wrong


def _print(wall: float, tally: Mapping[str, int], users_judged: int, rate: float, wrong: Counter[str]) -> None:
    ideal = max(1, tally.get("IAM answers", 0)) / rate
    rows = [
        ("users", users_judged, ""),
        ("IAM requests", tally.get("IAM requests", 0), ""),
        ("throttled of these", tally.get("throttled", 0), ""),
        ("PutEvaluations calls", tally.get(PUT, 0), ""),
        ("GetComplianceDetailsByConfigRule calls", tally.get(DETAILS, 0), ""),
        ("ideal seconds", f"{ideal:.1f}", ""),
        ("wall seconds", f"{wall:.1f}", judge(wall, SECONDS_ALLOWED)),
        ("times the ideal", f"{wall / ideal:.2f}", judge(wall / ideal, TIMES_IDEAL)),
        *((name, number, judge(number, 0)) for name, number in wrong.items()),
    ]
    table(("", "measured", f"at most {SECONDS_ALLOWED:.0f} s, {TIMES_IDEAL} x"), rows)


if __name__ == "__main__":
    sys.exit(main())
