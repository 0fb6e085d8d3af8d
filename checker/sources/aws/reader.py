"""The types of the shared IAM reader and report: modules of `checker.rules`, by name as in checker.decision."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from importlib import import_module
from typing import Any, Protocol, cast

from checker.decision import AccessKey, AccountPolicy, User

Run = Callable[[Callable[[Any], Any], Iterable[Any]], Iterable[Any]]


class VerdictNeeds(Protocol):
    user_tags: bool

    def keys(self, user: User) -> bool: ...
    def too_old(self, user: User, created: datetime) -> bool: ...
    def tags(self, user: User) -> bool: ...


class Memory(Protocol):
    def recall(self, user: User, traces: tuple[str, ...]) -> Sequence[AccessKey] | None: ...
    def keep(self, user: User, traces: tuple[str, ...] | None, keys: Sequence[AccessKey]) -> None: ...


class Unread(Protocol):
    user: User
    error: Exception


class Reading(Protocol):
    users: Sequence[User]
    root_key_active: bool | None
    notes: Sequence[str]
    unread: Sequence[Unread]


class ReaderModule(Protocol):
    """checker.rules.iam_reader"""

    Untrustworthy: type[Exception]
    Needs: Callable[[AccountPolicy, datetime, datetime, bool], "VerdictNeeds"]
    read_users: Callable[[Any, "VerdictNeeds", Run, Callable[[float], None], Memory | None], Reading]
    error_code: Callable[[Any], str]


class ReportModule(Protocol):
    """checker.rules.iam_report"""

    Untrustworthy: type[Exception]
    parse_report: Callable[[bytes], dict[str, dict[str, dict[str, str]]]]
    report_user: Callable[[Mapping[str, str]], User]
    report_time: Callable[[str], datetime | None]
    ROOT: str
    ACTIVE_COLUMNS: Sequence[str]
    ROTATED_COLUMNS: Sequence[str]
    USED_COLUMNS: Sequence[str]


reader = cast("ReaderModule", import_module("checker.rules.iam_reader"))
report = cast("ReportModule", import_module("checker.rules.iam_report"))
