"""A stand-in for what moto forgets of a stack set: how it deploys, what it may create, and where it never does."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

# As the API calls them, and as moto's answers look for them.
FORGOTTEN = {
    "AutoDeployment": "auto_deployment",
    "Capabilities": "capabilities",
    "ManagedExecution": "managed_execution",
}


@contextmanager
def stack_sets() -> Iterator[None]:
    """While it lasts moto's CloudFormation describes stack sets as they were asked for."""
    # Not above: it takes two seconds, which no process that only collects the tests should spend.
    from moto.cloudformation.models import StackInstances, StackSet
    from moto.cloudformation.responses import CloudFormationResponse

    calls = ("create_stack_set", "update_stack_set")
    with ExitStack() as stack:
        # A property that always says that it is off.
        stack.enter_context(patch.object(StackSet, "managed_execution", {"Active": False}))
        stack.enter_context(
            patch.object(StackInstances, "org_backend", _without_management(StackInstances.org_backend))
        )
        for name in calls:
            plain: Callable[[Any], Any] = getattr(CloudFormationResponse, name)
            stack.enter_context(patch.object(CloudFormationResponse, name, _remembering(plain)))
        yield


def _without_management(plain: Any) -> property:
    """The organization as stack sets see it: they make no stack in its management account."""

    def seen(instances: Any) -> Any:
        backend = plain.fget(instances)
        members = [account for account in backend.accounts if account.id != backend.org.master_account_id]
        return SimpleNamespace(accounts=members, ou=backend.ou)

    return property(seen)


def _remembering(plain: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def call(response: Any) -> Any:
        answer = plain(response)
        made = response.cloudformation_backend.describe_stack_set(response._get_param("StackSetName"))  # noqa: SLF001 -- what moto's own methods call
        for asked, kept in FORGOTTEN.items():
            value = response._get_param(asked)  # noqa: SLF001 -- what moto's own methods call
            if value is not None:
                setattr(made, kept, value)
        return answer

    return call
