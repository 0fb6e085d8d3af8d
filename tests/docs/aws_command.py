"""Stands in for the AWS CLI in the tests of the documentation: one operation, by botocore's model of it.

Knows no pages, no --query and no shorthand syntax. An operation or an option that AWS does not have is an error,
as are values that the model refuses.
"""

import json
import sys
from datetime import datetime
from typing import Any

import boto3
from botocore import xform_name
from botocore.exceptions import ClientError

USAGE, REFUSED = 252, 254  # the AWS CLI's codes
NAMES = {"configservice": "config"}  # where the AWS CLI calls a service otherwise than boto3


def main(arguments: list[str]) -> int:
    service, operation, *rest = arguments
    client: Any = boto3.Session().client(NAMES.get(service, service))  # type: ignore[call-overload]
    names = {xform_name(name, "-"): name for name in client.meta.service_model.operation_names}
    if operation not in names:
        sys.stderr.write(f"aws: {service} has no operation {operation}\n")
        return USAGE
    shape = client.meta.service_model.operation_model(names[operation]).input_shape
    members = shape.members if shape else {}
    known = {xform_name(name, "-"): name for name in members}
    given: dict[str, Any] = {}
    for option, value in zip(rest[::2], rest[1::2], strict=True):
        name = known.get(option.removeprefix("--"))
        if name is None:
            sys.stderr.write(f"aws: {service} {operation} has no option {option}\n")
            return USAGE
        given[name] = value.split() if members[name].type_name == "list" else value
    try:
        answer = getattr(client, xform_name(names[operation]))(**given)
    except ClientError as error:
        sys.stderr.write(f"{error}\n")
        return REFUSED
    answer.pop("ResponseMetadata")
    if answer:
        sys.stdout.write(json.dumps(answer, indent=4, default=datetime.isoformat) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
