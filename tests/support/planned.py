"""A step as a plan's file has it."""

from typing import Any

STEP: dict[str, Any] = {
    "account": "123456789012",
    "user": "u",
    "userId": "AIDA",
    "accessKeyId": "AKIAXXXXXXXXXXXX",
    "step": "deactivate",
    "why": "old",
    "rule": "default",
    "saw": {"status": "Active", "createDate": "2026-01-01T00:00:00Z", "lastUsed": None, "mark": None},
    "next": None,
}
