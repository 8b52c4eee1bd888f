"""Who may have a closed case erased, and what keeps it from being erased: its time, a legal hold, the want of a second.

Source: KCSIE, Part Four (records); UK GDPR, Article 5(1)(e) (no longer than is needed).
"""

from collections.abc import Collection
from datetime import date, datetime
from typing import Literal, TypeAlias

from domain.base import Frozen
from domain.entries import LegalHoldPlaced, LegalHoldReleased
from domain.retention import Kept


class Hold(Frozen):
    """A legal hold that is in force. `release_by` is who wants it released, until a second custodian agrees."""

    id: str
    by: str
    at: datetime
    reason: str
    release_by: str | None = None
    release_reason: str = ""


class Keeping(Frozen):
    """What is settled about keeping a case.

    `term` is until when, worked out once it has ended; `due_since` is when custodians were told that its time has come,
    `erasure_by` the custodian who wants it erased. `unrecorded` waits for the end of the case to come on its record.
    """

    holds: tuple[Hold, ...] = ()
    term: Kept | None = None
    due_since: date | None = None
    erasure_by: str | None = None
    unrecorded: tuple[LegalHoldPlaced | LegalHoldReleased, ...] = ()

    def hold(self, key: str) -> Hold | None:
        """Return the hold with that id, if it is in force."""
        return next((one for one in self.holds if one.id == key), None)

    def held_by(self, hold: Hold) -> "Keeping":
        """Return it with `hold`; what was to be erased is not any more."""
        return self.model_copy(update={"holds": (*self.holds, hold), "due_since": None, "erasure_by": None})

    def without(self, hold: Hold) -> "Keeping":
        """Return it without `hold`."""
        return self.model_copy(update={"holds": tuple(one for one in self.holds if one.id != hold.id)})

    def with_release(self, hold: Hold, by: str, reason: str) -> "Keeping":
        """Return it with `by` wanting `hold` released."""
        wanted = hold.model_copy(update={"release_by": by, "release_reason": reason})
        return self.model_copy(update={"holds": tuple(wanted if one.id == hold.id else one for one in self.holds)})


Bar: TypeAlias = Literal["open", "on_hold", "not_due", "not_custodian", "second_person"]
"""Why a case is not erased: it has not ended, or is on hold; its time has not come; whoever wants it is none of its
custodians, or is recused; or a second one is still to want it."""


def is_due(keeping: Keeping, today: date) -> bool:
    """Return whether the time of a closed case is over: it is kept until the end of its last day."""
    return keeping.term is not None and keeping.term.until is not None and keeping.term.until < today


def bar_to_proposing(
    keeping: Keeping, *, closed: bool, custodians: Collection[str], person: str, today: date
) -> Bar | None:
    """Return what keeps `person` from wanting a case erased; `custodians` are its own, without who is recused."""
    if person not in custodians:
        return "not_custodian"
    if not closed:
        return "open"
    if keeping.holds:
        return "on_hold"
    return None if is_due(keeping, today) else "not_due"


def bar_to_erasing(
    keeping: Keeping, *, closed: bool, custodians: Collection[str], person: str, today: date
) -> Bar | None:
    """Return what keeps a case from being erased because `person` wants it too.

    Whoever wanted it first has to be a custodian of it still, and somebody else.
    """
    bar = bar_to_proposing(keeping, closed=closed, custodians=custodians, person=person, today=today)
    if bar is not None:
        return bar
    first = keeping.erasure_by
    return None if first is not None and first != person and first in custodians else "second_person"


def may_release(hold: Hold, *, custodians: Collection[str], person: str) -> bool:
    """Return whether `person` can release `hold`: a second custodian, where a first one wants it and is one still."""
    first = hold.release_by
    return person in custodians and first is not None and first != person and first in custodians
