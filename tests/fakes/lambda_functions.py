"""A stand-in for Lambda's Invoke: functions run in this process, which the emulator does in containers only."""

import io
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from datetime import datetime
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import boto3
from botocore.handlers import BUILTIN_HANDLERS

from checker.embedded.hosts import REGION, loaded


@contextmanager
def lambda_functions(source: str, handlers: Mapping[str, str], account_id: str, now: datetime) -> Iterator[None]:
    """Clients made while it lasts invoke functions of this source, by name with their handlers, as if it were `now`."""

    def invoke(params: Mapping[str, Any], **_others: Any) -> tuple[Any, dict[str, Any]]:
        name = params["url_path"].split("/")[3]
        if name not in handlers:
            return SimpleNamespace(status_code=404), _error("ResourceNotFoundException", f"no function {name}")
        arn = f"arn:aws:lambda:{REGION}:{account_id}:function:{name}"
        event, failed = json.loads(params["body"]), {}
        try:
            with redirect_stdout(io.StringIO()):
                context = SimpleNamespace(invoked_function_arn=arn)
                result = loaded(source, "index")[handlers[name]](event, context, now)
        except Exception as error:  # noqa: BLE001 -- as Lambda does: whatever a function raises is its answer
            failed = {"FunctionError": "Unhandled"}
            result = {"errorMessage": str(error), "errorType": type(error).__name__}
        payload = io.BytesIO(json.dumps(result).encode())
        return SimpleNamespace(status_code=200, headers={}), {"StatusCode": 200, "Payload": payload, **failed}

    entry = ("before-call.lambda.Invoke", invoke)
    BUILTIN_HANDLERS.append(entry)
    try:
        # A session that is there already would keep the handlers that it was made with.
        with patch.object(boto3, "DEFAULT_SESSION", None):
            yield
    finally:
        BUILTIN_HANDLERS.remove(entry)


def _error(code: str, message: str) -> dict[str, Any]:
    return {"Error": {"Code": code, "Message": message}}
