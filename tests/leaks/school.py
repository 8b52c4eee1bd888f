"""A school that comes with Duly, with ids nobody takes for anything else, and who in it a case can be about."""

import hashlib
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

import packs
from domain.allegations import Category
from domain.calendar import local_day
from domain.cases import Opening, Request, taken_from
from domain.fields import FormFacts
from domain.forms import check
from domain.pack import Pack
from domain.people import Directory, Person
from domain.refs import case_id, reference
from tests.packs.trying import facts_of

KEY: Final = "newall-green"
FOLDER: Final = Path(__file__).parents[2] / "packs" / KEY

BEGINS: Final = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
"""A Monday in term."""

HEAD: Final = "margaret.dunne@newall-green.example"
LINE_MANAGER: Final = "chloe.barnes@newall-green.example"
AUTHOR: Final = "leo.mbeki@newall-green.example"
SUBJECT: Final = "harry.jones@newall-green.example"
INVESTIGATOR: Final = "hannah.jones@newall-green.example"
SAFEGUARDING: Final = "aisha.malik@newall-green.example"
ADMINISTRATOR: Final = "peter.novak@newall-green.example"
IT_ADMINISTRATOR: Final = "fiona.grant@newall-green.example"
CHAIR: Final = "edward.tully@newall-green.example"
VICE_CHAIR: Final = "ngozi.eze@newall-green.example"


class About(NamedTuple):
    """Somebody of whom something is reported: what they are, and the seats that the reporter says are involved."""

    email: str
    category: Category = Category.EMPLOYEE
    involved: tuple[str, ...] = ()


SUBJECTS: Final = {
    "headteacher": About(HEAD, Category.HEADTEACHER),
    "chair of governors": About(CHAIR, Category.GOVERNOR, ("chair_of_governors",)),
    "line manager": About(LINE_MANAGER),
    "safeguarding lead": About(SAFEGUARDING, involved=("dsl",)),
    "application administrator": About(ADMINISTRATOR),
    "IT administrator": About(IT_ADMINISTRATOR, involved=("it_administrator",)),
}


@cache
def pack() -> Pack:
    """Return the pack of the school."""
    return packs.load(FOLDER)


@cache
def directory() -> Directory:
    """Return everybody of the school."""
    known = facts_of(KEY).directory.people
    ids = {one.id: hashlib.sha256(one.email.encode()).hexdigest()[:32] for one in known}

    def named(one: Person) -> Person:
        others = {name: ids.get(getattr(one, name) or "") for name in ("line_manager", "deputy")}
        authorised = one.authorisation and one.authorisation.model_copy(update={"by": ids[one.authorisation.by]})
        return one.model_copy(update={"id": ids[one.id], **others, "authorisation": authorised})

    return Directory(people=tuple(named(one) for one in known))


def person(email: str) -> Person:
    """Return somebody of the school."""
    return next(one for one in directory().people if one.email == email)


def ordinary(key: str, at: datetime) -> Opening:
    """Return with what a request for a site begins, sent from the form `key` by a member of staff."""
    form, process = pack().form("site_creation"), pack().process("site_creation")
    assert form is not None
    assert process is not None
    facts = FormFacts(directory=directory(), today=local_day(at), school=pack().organisation.schools[0].key)
    checked = check(form, packs.sample_answers([FOLDER], KEY, form, local_day(at)), facts)
    assert checked.faults == ()
    author = person(AUTHOR).id
    return Opening(
        case=case_id(key),
        reference=reference(bytes.fromhex(case_id(key)[2:])),
        organisation=KEY,
        school=facts.school,
        request=Request(title=str(checked.answers["title"]), starter=author, author=author, answers=checked.answers),
        **dict(taken_from(pack(), process, packs.expand(pack().calendar, at.year))),
    )
