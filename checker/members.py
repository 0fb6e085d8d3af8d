"""JSON in which an object has a member twice: decoders keep the last one, so it must be found beside them.

What software does with such an object cannot be foretold (RFC 8259, section 4).
"""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any


class Repeated(ValueError):
    """A member stands twice in one object of a JSON text; the message says which, and where."""


class _Object(list[tuple[str, Any]]):
    """The members of an object as they are written."""


def refuse_repeated(data: bytes, called: Sequence[str] = ()) -> None:
    """Raises Repeated for an object that has a member twice, with its place and what it is called.

    `called` are the members that name an object, the best first. Raises ValueError, RecursionError for what is no JSON.
    """
    try:
        _loads(data, _once)
    except Repeated:
        _tell(_loads(data, _Object), called)
        raise


def _loads(data: bytes, hook: Any) -> Any:
    # Numbers stay text: Python's int refuses long ones, which are no mistake here.
    return json.loads(data, object_pairs_hook=hook, parse_int=str, parse_float=str)


def _once(members: list[tuple[str, Any]]) -> None:
    """Keeps nothing, so that the memory stays flat."""
    if len(dict(members)) < len(members):
        raise Repeated("an object has a member twice")


def _tell(found: object, called: Sequence[str]) -> None:
    """Raises Repeated for the outermost such object."""
    waiting = [(found, "$", "")]
    for each, place, name in waiting:
        if isinstance(each, _Object):
            members = dict(each)
            known = next((members[member] for member in called if isinstance(members.get(member), str)), None)
            own = f" ({known})" if known else name
            for member, times in Counter(name for name, _value in each).items():
                if times > 1:
                    raise Repeated(f'"{member}" is there twice in {place}{own}: keep one of them')
            waiting += [(value, f"{place}.{member}", own) for member, value in members.items()]
        elif isinstance(each, list):
            waiting += [(value, f"{place}[{number}]", name) for number, value in enumerate(each)]
