"""What is alleged, of whom, and who reported it; and the words in which such a case is decided."""

from datetime import date
from enum import StrEnum
from typing import Final, Literal

from pydantic import Field

from domain.base import Frozen, Key


class Category(StrEnum):
    """What the person is of whom something is alleged; it decides the route.

    Source: Cadmus 9.2, 10.1 and 12.2; Newall Green 4.1 and 6.24 (ALLEG-09, ALLEG-11, DISC-06, DISC-07).
    """

    EMPLOYEE = "employee"
    SUPPLY = "supply"
    TRAINEE = "trainee"
    CONTRACTOR = "contractor"
    VOLUNTEER = "volunteer"
    GOVERNOR = "governor"
    HEADTEACHER = "headteacher"
    CENTRAL_STAFF = "central_staff"
    PUPIL = "pupil"
    PUBLIC = "public"


Procedure = Literal["staff", "central_staff", "governor", "end_of_appointment", "behaviour", "public"]
"""Which road a matter takes: that of staff, of staff whom the trust employs centrally, of governors (who never enter
the staff's), the end of an appointment, the behaviour policy for pupils, or an answer to a member of the public."""

YesNoUnsure = Literal["yes", "no", "unsure"]
"""An answer in which unsure counts as yes."""

Outcome = Literal["substantiated", "malicious", "false", "unsubstantiated", "unfounded"]
"""How an allegation ended: exactly one for each (KCSIE, Part Four)."""

Permit = Literal["investigate", "tell_subject", "open_disciplinary"]
"""What the LADO's advice can permit."""

Advice = Literal["no_further_action", "strategy_discussion", "police", "employer_investigation", "more_needed"]
"""What came of the discussion with the LADO (KCSIE, Part Four, section one)."""

Method = Literal["phone", "form", "email", "in_person"]
"""How somebody outside was reached."""

GATED: Final[dict[str, Permit | None]] = {
    "investigation_started": "investigate",
    "interview_held": "investigate",
    "subject_told": "tell_subject",
    "suspension_decided": None,
    "disciplinary_opened": "open_disciplinary",
}
"""What may not happen before the LADO's advice is recorded, and what that advice has to permit for it.

Source: Cadmus 10.1 (ALLEG-04).
"""


class Subject(Frozen):
    """Somebody of whom something is alleged. `person` is their id in the directory, where they are in it."""

    key: Key
    name: str = Field(repr=False)
    category: Category
    person: str | None = None


class Allegation(Frozen):
    """One thing that is alleged of one subject. `topic` is one of the pack's."""

    key: Key
    subject: Key
    topic: Key
    what: str = Field(repr=False)


class Reporter(Frozen):
    """Who reported: by name, by a name that only the case manager may know, or without one."""

    mode: Literal["named", "confidential", "anonymous"]
    person: str | None = Field(default=None, repr=False)
    name: str = Field(default="", repr=False)
    contact: str = Field(default="", repr=False)


class Matter(Frozen):
    """What a report says, as it was checked: the opening of a confidential case.

    `involved` are seats whose holders the reporter says are involved; `recused` the people who must not learn of it:
    the subjects and those holders. `at_risk` is whether a child could be at risk, `images` whether indecent images of a
    child may be involved; unsure counts as yes.
    """

    subjects: tuple[Subject, ...] = Field(min_length=1)
    allegations: tuple[Allegation, ...] = Field(min_length=1)
    reporter: Reporter
    involved: tuple[Key, ...] = ()
    recused: tuple[str, ...] = ()
    danger: YesNoUnsure = "no"
    images: YesNoUnsure = "no"
    at_risk: YesNoUnsure = "unsure"
    happened_on: date | None = None
    where: str = Field(default="", repr=False)

    def category(self) -> Category:
        """Return the category that decides the route, where there are several subjects.

        A headteacher among them decides, then a governor, then any other adult of the school, then a pupil: nobody
        comes past the LADO because somebody else is named first.
        """
        return min((subject.category for subject in self.subjects), key=_decides)


def _decides(category: Category) -> int:
    """Return how early a category decides the route of several subjects; those that are alike keep their order."""
    last = (Category.PUPIL, Category.PUBLIC)
    first = (Category.HEADTEACHER, Category.GOVERNOR)
    if category in first:
        return first.index(category)
    return len(first) + (last.index(category) + 1 if category in last else 0)


class Clearance(Frozen):
    """What lets a disciplinary case begin: an event on record that permits it, known by case, number and hash.

    It is an advice of the LADO that permits it, or a triage that says with a reason that no child could be at risk.
    """

    case: str
    n: int
    hash: str
    allegations: tuple[Key, ...] = ()
