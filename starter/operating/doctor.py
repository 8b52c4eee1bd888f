"""`duly doctor`: looks at everything that Duly stands on, and says in plain words what is wrong and what to do.

No check has more than a few seconds, and none can hold up another: a host that is dead is said to be, and not waited
for. Nothing secret is said, and nothing of any case.
"""

from collections.abc import Callable, Sequence
from threading import Thread
from typing import Final, Literal

from domain.base import Frozen

Level = Literal["ok", "warning", "wrong"]

PATIENCE: Final = 10.0
"""Seconds that a check has."""


class Found(Frozen):
    """What a check found: about what, how bad it is, and in words what it is and what to do."""

    about: str
    level: Level
    says: str


Check = Callable[[], list[Found]]


def ok(about: str, says: str) -> Found:
    """Return that all is well."""
    return Found(about=about, level="ok", says=says)


def warning(about: str, says: str) -> Found:
    """Return that something should be seen to."""
    return Found(about=about, level="warning", says=says)


def wrong(about: str, says: str) -> Found:
    """Return that something is wrong."""
    return Found(about=about, level="wrong", says=says)


def look(checks: Sequence[tuple[str, Check]], patience: float = PATIENCE) -> list[Found]:
    """Return what the checks found, in their order. They run at once, each by its name and for `patience` seconds."""
    running = [_Running(about, check) for about, check in checks]
    for one in running:
        one.start()
    return [found for one in running for found in one.found_within(patience)]


class _Running(Thread):
    """A check at work. Whatever it hangs in, the command ends without it."""

    def __init__(self, about: str, check: Check) -> None:
        super().__init__(name=about, daemon=True)
        self._check = check
        self._found: list[Found] | None = None

    def run(self) -> None:
        try:
            self._found = self._check()
        except Exception as error:  # noqa: BLE001 -- a check that fails is a finding; its text may quote a secret
            self._found = [wrong(self.name, f"The check failed ({type(error).__name__}).")]

    def found_within(self, patience: float) -> list[Found]:
        self.join(patience)
        if self._found is None:
            return [wrong(self.name, f"No answer within {patience:.0f} seconds.")]
        return self._found
