"""What is sealed of a confidential case, and how it is sealed: so that not even its length says much."""

from datetime import datetime
from typing import Final

from pydantic import Field

from domain.base import Frozen
from domain.cases import Opening, Standing
from domain.keeping import Keeping
from domain.people import Asked
from store.confidential.tables import ConfidentialRow, EmergencyRow, ReadRow
from store.keys import Sealer

_LEAST: Final = 1024


class Reaches(Frozen):
    """An open ask: the seats and people it may reach, as `domain.asking` has them, and those it does."""

    ladder: tuple[str, ...]
    also: tuple[str, ...] = ()
    named: str | None = None
    excluded: tuple[str, ...] = ()
    asked: tuple[Asked, ...] = ()


class LatestMail(Frozen):
    """The latest mail to somebody: its id, and the number of the event after which it was queued."""

    id: str
    n: int


class Kept(Frozen):
    """Where a confidential case stands, and who is in it.

    `reaches` are its open asks and the one by which somebody sees to it, `mails` the latest mail to each person,
    `opened` the references of the cases that were opened out of it. `custodians` are the seats that can open it in an
    emergency, `keeping` is how long it is kept.
    """

    school: str
    custodians: tuple[str, ...]
    standing: Standing
    reaches: dict[str, Reaches] = Field(default_factory=dict)
    mails: dict[str, LatestMail] = Field(default_factory=dict)
    opened: tuple[str, ...] = ()
    keeping: Keeping = Keeping()

    @property
    def recused(self) -> frozenset[str]:
        """Everybody who must not learn of the case."""
        return frozenset(self.standing.recused)


class Read(Frozen):
    """Somebody read something of a case: who, what, and when."""

    person: str
    what: str
    at: datetime


class Emergency(Frozen):
    """A case that is to be opened in an emergency, and is once a second custodian agreed, until `until`."""

    id: str
    proposed_by: str
    reason: str
    proposed_at: datetime
    confirmed_by: str | None = None
    until: datetime | None = None

    def is_open(self, at: datetime) -> bool:
        """Return whether the case is open to both of them at `at`."""
        return self.until is not None and at < self.until


def padded(text: str) -> bytes:
    """Return JSON `text` with spaces after it, so that of its length only the next power of two is seen."""
    data = text.encode()
    return data.ljust(max(_LEAST, 1 << (len(data) - 1).bit_length()))


def sealed_opening(sealer: Sealer, opening: Opening) -> bytes:
    """Return what a case began with, sealed."""
    return sealer.seal("confidential|opening", padded(opening.model_dump_json()))


def opening_in(sealer: Sealer, row: ConfidentialRow) -> Opening:
    """Return what a case began with.

    Raises:
        SealBrokenError: it was changed or moved.
    """
    return Opening.model_validate_json(sealer.open("confidential|opening", row.sealed_opening))


def sealed_standing(sealer: Sealer, kept: Kept) -> bytes:
    """Return where a case stands and who is in it, sealed."""
    return sealer.seal("confidential|standing", padded(kept.model_dump_json()))


def kept_in(sealer: Sealer, row: ConfidentialRow) -> Kept:
    """Return where a case stands and who is in it.

    Raises:
        SealBrokenError: it was changed or moved.
    """
    return Kept.model_validate_json(sealer.open("confidential|standing", row.sealed_standing))


def sealed_read(sealer: Sealer, row_id: str, read: Read) -> bytes:
    """Return who read what, sealed for its row."""
    return sealer.seal(f"confidential_read|{row_id}", padded(read.model_dump_json()))


def read_in(sealer: Sealer, row: ReadRow) -> Read:
    """Return who read what.

    Raises:
        SealBrokenError: it was changed or moved.
    """
    return Read.model_validate_json(sealer.open(f"confidential_read|{row.id}", row.sealed))


def sealed_emergency(sealer: Sealer, emergency: Emergency) -> bytes:
    """Return who wants a case opened and why, sealed for its row."""
    return sealer.seal(f"emergency|{emergency.id}", padded(emergency.model_dump_json()))


def emergency_in(sealer: Sealer, row: EmergencyRow) -> Emergency:
    """Return who wants a case opened and why.

    Raises:
        SealBrokenError: it was changed or moved.
    """
    return Emergency.model_validate_json(sealer.open(f"emergency|{row.id}", row.sealed))
