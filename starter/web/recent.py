"""What was read last of cases: each reading good for as long as nothing more has happened in its case."""

from collections import OrderedDict
from typing import Final, Generic, TypeVar

_MOST: Final = 200

Reading = TypeVar("Reading")


class Recent(Generic[Reading]):
    """The cases that were read last. `head` is the hash of the last event of a case: of each state there is one."""

    def __init__(self) -> None:
        """Begin with none."""
        self._read: OrderedDict[str, tuple[str, Reading]] = OrderedDict()

    def get(self, case: str, head: str) -> Reading | None:
        """Return what was read of `case` when its last event was `head`, or None where it has to be read."""
        found = self._read.get(case)
        return found[1] if found is not None and found[0] == head else None

    def before(self, case: str) -> tuple[str, Reading] | None:
        """Return what was read of `case` last, and what its last event was then; None where nothing was."""
        return self._read.get(case)

    def keep(self, case: str, head: str, reading: Reading) -> None:
        """Keep what was read, in place of what was read longest ago."""
        self._read[case] = (head, reading)
        self._read.move_to_end(case)
        if len(self._read) > _MOST:
            self._read.popitem(last=False)
