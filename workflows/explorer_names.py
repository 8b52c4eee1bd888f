"""What a story's own code names: the attributes, texts and kinds of events that it can look at."""

from collections.abc import Iterator
from functools import cache
from types import CodeType, FunctionType
from typing import Final, get_args

from pydantic import BaseModel

from domain.events import AnyEvent
from workflows.case import Story

KIND_OF: Final[dict[str, type[BaseModel]]] = {
    kind.model_fields["kind"].default: kind for kind in get_args(get_args(AnyEvent)[0])
}
"""Every kind of event."""


def names_in(story: Story) -> frozenset[str]:
    """Return every name and every text in the code of `story`, and of the functions that it calls."""
    seen: dict[CodeType, frozenset[str]] = {}
    todo = [one for kind in type(story).__mro__ for one in vars(kind).values() if isinstance(one, FunctionType)]
    while todo:
        function = todo.pop()
        if function.__code__ not in seen:
            seen[function.__code__] = names = names_of(function.__code__)
            called = (function.__globals__.get(name) for name in names)
            todo += [one for one in called if isinstance(one, FunctionType)]
    return frozenset().union(*seen.values())


@cache
def names_of(code: CodeType) -> frozenset[str]:
    """Return every name and every text in `code`, and in what is defined in it."""
    return frozenset(_names(code))


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        for one in constant if isinstance(constant, tuple) else (constant,):
            if isinstance(one, CodeType):
                yield from _names(one)
            elif isinstance(one, str):
                yield one
