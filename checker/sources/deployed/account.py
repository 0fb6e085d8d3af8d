"""What of a policy is deployed in the account of a session, as it stands there."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Protocol

import yaml
from botocore.exceptions import HTTPClientError

from checker.errors import Unreadable
from checker.pieces import PIECES, REMEDIATING
from checker.sources.aws.failures import FAILURES, explain
from checker.sources.deployed import around, functions, recorder, roles
from checker.sources.deployed.code import Codes
from checker.sources.deployed.functions import Listed
from checker.sources.deployed.parts import (
    Deployed,
    Function,
    InTheWay,
    Role,
    Sought,
    Stranger,
    Unread,
    attempt,
    every,
    found,
)

CUSTOM = "CUSTOM_LAMBDA"


class Session(Protocol):
    """What reads one account."""

    @property
    def ca_bundle(self) -> str | None: ...
    def client(self, service: str, region: str | None = None) -> Any: ...


def read(session: Session, sought: Sought, codes: Codes | None = None) -> Deployed:
    """Read the rule and all that belongs to it; raises Unreadable, with what to do, if the rules cannot be read."""
    try:
        rules = every(session.client("config", sought.region), "describe_config_rules", "ConfigRules")
    except (*FAILURES, HTTPClientError) as error:
        raise Unreadable(explain(error)) from None
    return _Account(session, sought, codes or Codes()).read(rules)


class _Account:
    def __init__(self, session: Session, sought: Sought, codes: Codes) -> None:
        self._session, self._sought, self._codes = session, sought, codes
        self._unread: list[str] = []

    def _client(self, service: str) -> Any:
        return self._session.client(service, self._sought.region)

    def read(self, rules: list[dict[str, Any]]) -> Deployed:
        listed = self._listed(attempt(lambda: functions.listed(self._client("lambda"))))
        rule = self._rule(rules, listed)
        name = rule["ConfigRuleName"] if rule else self._sought.rule
        remediation = attempt(lambda: self._remediation(name))
        behind = self._functions(rule, listed)
        schedule = attempt(lambda: self._schedule(behind.get("deletion")))
        owned = rule is None or around.owns(rule, listed) or _is_named_so(rule)
        deployed = Deployed(
            rule,
            owned,
            behind,
            remediation,
            attempt(lambda: self._document(remediation)),
            schedule,
            self._roles(behind, remediation, schedule),
            attempt(lambda: recorder.read(self._client("config"))),
        )
        return replace(
            deployed,
            strangers=self._strangers(rules, listed, name, deployed),
            in_the_way=self._in_the_way(listed) if rule is None or not owned else (),
            unread=tuple(self._unread),
        )

    def _listed(self, there: "list[Any] | Unread") -> list[Any]:
        """What was listed; nothing where that failed, which is told once."""
        if isinstance(there, Unread):
            self._unread.append(there.reason)
            return []
        return there

    def _rule(self, rules: list[dict[str, Any]], listed: list[Listed]) -> dict[str, Any] | None:
        """The rule of that name, else one of keyage's whose name ends like that."""
        wanted = self._sought.rule
        exact = [rule for rule in rules if rule["ConfigRuleName"] == wanted]
        prefixed = [
            rule for rule in rules if rule["ConfigRuleName"].endswith(f"-{wanted}") and around.owns(rule, listed)
        ]
        return next(iter([*exact, *prefixed]), None)

    def _remediation(self, rule: str) -> dict[str, Any] | None:
        answer = found(self._client("config").describe_remediation_configurations, ConfigRuleNames=[rule]) or {}
        configured: list[dict[str, Any]] = answer.get("RemediationConfigurations", [])
        return configured[0] if configured else None

    def _functions(self, rule: dict[str, Any] | None, listed: list[Listed]) -> dict[str, Function | Unread | None]:
        names = {
            piece: functions.name_of(piece, wanted, self._sought.rule, listed)
            for piece, wanted in self._sought.functions.items()
        }
        source = (rule or {}).get("Source", {})
        if source.get("Owner") == CUSTOM:
            names = {"evaluation": source["SourceIdentifier"], **names}
        return {piece: attempt(partial(self._function, piece, name)) for piece, name in names.items()}

    def _function(self, piece: str, name: str) -> Function | None:
        by_config = piece not in REMEDIATING
        client = self._client("lambda")
        return functions.read(client, name, self._codes, self._session.ca_bundle, by_config=by_config)

    def _document(self, remediation: "Mapping[str, Any] | Unread | None") -> Any:
        if remediation is None or isinstance(remediation, Unread) or remediation.get("TargetType") != "SSM_DOCUMENT":
            return None
        arguments = {"Name": remediation["TargetId"], "DocumentFormat": "YAML"}
        if remediation.get("TargetVersion"):
            arguments["DocumentVersion"] = remediation["TargetVersion"]
        answer = found(self._client("ssm").get_document, **arguments)
        return None if answer is None else parsed(answer["Content"])

    def _schedule(self, deletion: "Function | Unread | None") -> dict[str, Any] | None:
        """The schedule by its name, or the one that calls the function."""
        client, wanted = self._client("scheduler"), self._sought.names["deletion"]
        exact = around.schedule(client, wanted, "default")
        if exact is not None or not isinstance(deletion, Function):
            return exact
        for each in around.schedules(client):
            if str(each.get("Target", {}).get("Arn")).endswith(f":function:{deletion.name}"):
                return around.schedule(client, each["Name"], each["GroupName"])
        return None

    def _roles(
        self,
        behind: Mapping[str, Function | Unread | None],
        remediation: "Mapping[str, Any] | Unread | None",
        schedule: "Mapping[str, Any] | Unread | None",
    ) -> dict[str, Role | Unread | None]:
        arns = {piece: each.role for piece, each in behind.items() if isinstance(each, Function)}
        if isinstance(remediation, Mapping):
            given = remediation.get("Parameters", {}).get("AutomationAssumeRole", {})
            arns["automation"] = next(iter(given.get("StaticValue", {}).get("Values", [])), None)
        if isinstance(schedule, Mapping):
            arns["schedule"] = schedule["Target"].get("RoleArn")
        iam = self._session.client("iam")
        return {who: attempt(partial(roles.read, iam, arn)) for who, arn in arns.items() if arn}

    def _strangers(
        self, rules: list[dict[str, Any]], listed: list[Listed], rule: str, deployed: Deployed
    ) -> list[Stranger]:
        """Everything else of keyage."""
        known = {each.name for each in deployed.functions.values() if isinstance(each, Function)}
        document = deployed.remediation["TargetId"] if isinstance(deployed.remediation, Mapping) else ""
        own = dict(deployed.schedule) if isinstance(deployed.schedule, Mapping) else None
        scheduler = self._client("scheduler")
        looks = (
            lambda: around.other_rules(self._client("config"), rules, listed, rule),
            lambda: around.other_functions(listed, known),
            lambda: around.other_documents(self._client("ssm"), document),
            lambda: around.other_schedules(scheduler, around.schedules(scheduler), listed, own),
        )
        return [stranger for look in looks for stranger in self._listed(attempt(look))]

    def _in_the_way(self, listed: list[Listed]) -> list[InTheWay]:
        """What is not keyage's, under names that `render` gives; asked before a first deployment only."""
        names = self._sought.names
        taken = {each.name for each in listed if not each.owned}
        found_functions = [InTheWay("Lambda function", names[piece]) for piece in PIECES if names[piece] in taken]
        iam = self._session.client("iam")
        return [*found_functions, *self._listed(attempt(lambda: roles.in_the_way(iam, list(names.values()))))]


def _is_named_so(rule: Mapping[str, Any]) -> bool:
    """Whether the function behind a rule, which may be gone, has the name that `render` gives."""
    source = rule.get("Source", {})
    return source.get("Owner") == CUSTOM and str(source.get("SourceIdentifier")).endswith("-evaluation")


def parsed(document: str) -> Any:
    """An Automation document without its layout: AWS may give YAML back in another one. Values stay text."""
    try:
        return yaml.load(document, yaml.BaseLoader)  # noqa: S506 -- makes nothing but text, lists and mappings
    except (yaml.YAMLError, RecursionError):
        return document
