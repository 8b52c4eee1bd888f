"""How long a confidential case is kept, as the page of the case says it."""

from dataclasses import dataclass
from datetime import date

from domain.keeping import Hold
from domain.matters import as_it_stands
from domain.retention import kept
from store.confidential import Confidential


@dataclass(frozen=True)
class ShownTerm:
    """How long a case is kept, and why; `leaves` is what leaves the personnel file, in the words of the report.

    Until it has ended nobody can say: `until` is None then, and where no date of birth is on record. `holds` are the
    legal holds that are in force.
    """

    ended: bool
    until: date | None
    why: str
    leaves: tuple[str, ...]
    holds: tuple[Hold, ...]


def term_of(case: Confidential) -> ShownTerm:
    """Return how long `case` is kept, as its record has it now."""
    holds, ended = case.kept.keeping.holds, case.row.closed_at is not None
    if not ended or case.opening.matter is None:
        return ShownTerm(ended, None, "", (), holds)
    matter = as_it_stands(case.opening.matter, [said.event for said in case.history])
    term = kept(case.opening.process, matter, case.history)
    leaves = tuple(one.what for one in matter.allegations if one.key in term.leaves_the_file)
    return ShownTerm(ended, term.until, term.why, leaves, holds)
