"""What is wrong with a pack: one line for each fault."""

from typing import NamedTuple


class PackFault(NamedTuple):
    """One thing that is wrong: in which file, at which key, and why."""

    file: str
    key: str
    reason: str

    def __str__(self) -> str:
        """Return the fault as one line."""
        return f"{self.file}: {self.key}: {self.reason}" if self.key else f"{self.file}: {self.reason}"
