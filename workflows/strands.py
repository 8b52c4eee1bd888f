"""The strands of a case: its story and what is told beside it, each from one wait to the next."""

from collections.abc import Callable, Coroutine, Generator
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from domain.cases import Opening

if TYPE_CHECKING:
    from workflows.case import Case

T = TypeVar("T")


class Story(Protocol):
    """A process: what happens, from top to bottom."""

    async def run(self, case: "Case", opening: Opening) -> str:
        """Return how it ended."""


class ForeignAwaitError(TypeError):
    """A process awaited something that is not its case's."""

    def __init__(self) -> None:
        """Say what to await instead."""
        super().__init__("a process may await nothing but what its case offers: ask, all_of, any_of")


class Wait(Generic[T]):
    """A wait of a process: over once `ready` returns something."""

    def __init__(self, ready: Callable[[], T | None]) -> None:
        """Wait until `ready` returns something; that is what the wait gives."""
        self._ready = ready

    def __await__(self) -> Generator["Wait[T]", None, T]:
        """Hand itself to the case until it is over."""
        while (result := self._ready()) is None:
            yield self
        return result


class Strands:
    """The story of a case, and what is told `beside` it for as long as the story lasts."""

    def __init__(self) -> None:
        """Begin with nothing to tell."""
        self.story: Coroutine[Wait[Any], None, str] | None = None
        self.beside: list[Coroutine[Wait[Any], None, None]] = []

    def tell_on(self) -> str | None:
        """Tell each on to its next wait, the story first; return how the story ended, once it has.

        Raises:
            ForeignAwaitError: the story awaits something that is not its case's.
        """
        outcome = _step(self.story) if self.story is not None else None
        if outcome is None:
            # One that begins another has it told on in the same round.
            self.beside = [strand for strand in self.beside if not _is_over(strand)]
        return outcome

    def close(self) -> None:
        """Tell nothing any more of what was told beside the story."""
        for strand in self.beside:
            strand.close()


def _is_over(strand: Coroutine[Wait[Any], None, None]) -> bool:
    """Tell a strand on to its next wait; return whether it is over."""
    try:
        strand.send(None)
    except StopIteration:
        return True
    return False


def _step(strand: Coroutine[Wait[Any], None, str]) -> str | None:
    """Tell the story on to its next wait; return its outcome once it has one."""
    try:
        waiting = strand.send(None)
    except StopIteration as end:
        return str(end.value)
    if not isinstance(waiting, Wait):
        raise ForeignAwaitError
    return None
