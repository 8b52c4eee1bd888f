"""What tests begin with: an invented school, its policy, and one request, whole enough for every page."""

from datetime import UTC, date, datetime
from typing import Final

from domain.calendar import Calendar
from domain.cases import OpenAsk, Opening, Request, Standing
from domain.documents import DocumentControl
from domain.fields import LongText, ManyOf, OnePerson, Option, People, ShortText, Value, WholeNumber
from domain.forms import Form, Section
from domain.pack import (
    CalendarRules,
    Clause,
    Confirmation,
    Contact,
    Organisation,
    Pack,
    Process,
    School,
    Seat,
    Step,
)
from domain.people import Asked, Holding, Person, PersonKind

ORGANISATION: Final = "elmbrook"
SCHOOL: Final = "elmbrook-primary"
MONDAY: Final = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
"""The morning on which a test's request is sent."""

FORM: Final = Form(
    key="new_site",
    title="Site creation approval form",
    source="Appendix 1",
    sections=(
        Section(
            key="team",
            title="Team details",
            fields=(
                ShortText(type="short_text", key="department", label="Department", required=True),
                OnePerson(type="person", key="author", label="Name of author of site", required=True),
                OnePerson(type="person", key="line_manager", label="Author's line manager", required=True),
            ),
        ),
        Section(
            key="purpose",
            title="Purpose of setting up the site",
            fields=(
                LongText(type="long_text", key="aims", label="What are the aims?", required=True),
                ManyOf(
                    type="many_of",
                    key="audience",
                    label="Proposed audience of the site",
                    required=True,
                    options=(
                        Option(
                            key="pupils",
                            label="Pupils of the school",
                            reveals=(
                                WholeNumber(type="whole_number", key="youngest", label="Age of the youngest", most=19),
                            ),
                        ),
                        Option(key="staff", label="Staff"),
                    ),
                ),
                People(type="people", key="administrators", label="Administrators of the site", at_least=2),
            ),
        ),
    ),
)

LINE_MANAGER: Final = Step(
    key="line_manager",
    title="Line manager",
    seats=("line_manager",),
    approves="the aims and content of the proposed site",
    attestation="I approve the aims and content of the proposed site.",
    answer_within=5,
    remind_on=(3,),
    clause="c16-2",
)
HEADTEACHER: Final = Step(
    key="headteacher",
    title="Headteacher",
    seats=("headteacher",),
    approves="the proposed site",
    attestation="I approve the proposed site and the use of the school brand.",
    confirmations=(
        Confirmation(key="resources", label="There are enough people and time to keep the site up", clause="c14-5"),
    ),
    answer_within=5,
    remind_on=(3,),
    clause="c16-6",
)
PROCESS: Final = Process(
    key="new_site",
    story="site_creation",
    title="Create a social media site",
    summary="Ask for a site of the school.",
    form="new_site",
    may_start=(PersonKind.EMPLOYEE,),
    steps=(LINE_MANAGER, HEADTEACHER),
    clause="c16-2",
)
SEATS: Final = (
    Seat(key="line_manager", title="Line manager", from_field="line_manager", stands_in=("headteacher",)),
    Seat(key="headteacher", title="Headteacher", stands_in=("deputy_head",)),
    Seat(key="deputy_head", title="Deputy headteacher"),
)
PACK: Final = Pack(
    key=ORGANISATION,
    organisation=Organisation(
        key=ORGANISATION,
        name="Elmbrook Learning Trust",
        schools=(School(key=SCHOOL, name="Elmbrook Primary School"),),
    ),
    document=DocumentControl(title="Social Media Policy"),
    seats=SEATS,
    calendar=CalendarRules(bank_holidays="ENG"),
    contacts=(Contact(key="lado", title="LADO"),),
    clauses=(
        Clause(id="c14-5", where="Elmbrook 14.5", quoted="enough resources are provided"),
        Clause(id="c16-2", where="Elmbrook 16.2", quoted="must be obtained from the line manager"),
        Clause(id="c16-6", where="Elmbrook 16.6", quoted="before site creation"),
    ),
    forms=(FORM,),
    processes=(PROCESS,),
)
CALENDAR: Final = Calendar(bank_holidays=frozenset({date(2026, 12, 25)}), known_until=date(2038, 12, 31))


def a_person(person: str, name: str, *seats: str, **more: object) -> Person:
    """Return somebody of Elmbrook who holds `seats`."""
    return Person.model_validate(
        {
            "id": person,
            "organisation": ORGANISATION,
            "name": name,
            "email": f"{person}@elmbrook.example",
            "kind": PersonKind.EMPLOYEE,
            "schools": (SCHOOL,),
            "holdings": tuple(Holding(school=SCHOOL, seat=seat) for seat in seats),
            **more,
        }
    )


AMINA: Final = a_person("amina", "Amina Okafor", line_manager="ben")
BEN: Final = a_person("ben", "Ben Carter")
HELEN: Final = a_person("helen", "Helen Marsh", "headteacher")
DEV: Final = a_person("dev", "Dev Patel", "deputy_head")
ADA: Final = a_person("ada", "Ada Quinn", administrator=True)
OTTO: Final = a_person("otto", "Otto Lind")
PEOPLE: Final = (AMINA, BEN, HELEN, DEV, ADA, OTTO)
"""Amina asks for a site, Ben manages her, Helen is the headteacher; Ada administers, Otto has no part in it."""

ANSWERS: Final[dict[str, Value]] = {
    "department": "Science",
    "author": "amina",
    "line_manager": "ben",
    "aims": "Show what our science club does.\nEvery week.",
    "audience": ("pupils", "staff"),
    "youngest": 7,
    "administrators": ("amina", "ben"),
}


def an_opening(case: str = "c-1", reference: str = "K7QM-4TXR", **more: object) -> Opening:
    """Return the opening of a request that Amina sends; `more` changes the request."""
    request = {"title": "Science club page", "starter": "amina", "author": "amina", "answers": ANSWERS}
    return Opening(
        case=case,
        reference=reference,
        organisation=ORGANISATION,
        school=SCHOOL,
        pack_digest="",
        process=PROCESS,
        seats=SEATS,
        calendar=CALENDAR,
        request=Request.model_validate({**request, **more}),
    )


def an_ask(ask: str = "a1", step: str = "line_manager", **more: object) -> OpenAsk:
    """Return an ask of that Monday that may be answered for five working days."""
    return OpenAsk.model_validate(
        {
            "ask": ask,
            "step": step,
            "seat": step,
            "opened_at": MONDAY,
            "due": datetime(2026, 11, 9, 23, 59, 59, tzinfo=UTC),
            **more,
        }
    )


def waits_for_ben() -> tuple[Standing, dict[str, tuple[Asked, ...]]]:
    """Return the standing of a request that its author's line manager has not answered, and whom it reached."""
    standing = Standing(
        asks=(an_ask(),),
        offers=("withdraw",),
        next_at=datetime(2026, 11, 5, 7, tzinfo=UTC),
        next_does="remind",
        next_ask="a1",
    )
    return standing, {"a1": (Asked(person="ben", seat="line_manager"),)}
