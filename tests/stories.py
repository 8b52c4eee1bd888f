"""What tests of a process begin with: each builder gives something whole, and takes what the test is about."""

from datetime import UTC, date, datetime
from typing import Any

from domain.calendar import Calendar
from domain.cases import Act, ActKind, Opening, Request
from domain.documents import DocumentControl
from domain.events import Verdict
from domain.pack import (
    Before,
    CalendarRules,
    Changes,
    Confirmation,
    EventMatch,
    Notice,
    OrderRule,
    Organisation,
    Pack,
    Process,
    School,
    Seat,
    Step,
)
from domain.people import Directory, Holding, Person, PersonKind
from domain.refs import case_id, reference

SCHOOL = "elm"
ORGANISATION = "elms"
BEGINS = datetime(2027, 1, 11, 10, 0, tzinfo=UTC)
"""A Monday in term, at ten in the morning."""


def a_person(key: str, *seats: str, **more: Any) -> Person:
    """Return an employee `key` of the school who holds `seats`."""
    return Person.model_validate(
        {
            "id": key,
            "organisation": ORGANISATION,
            "name": key.replace("_", " ").title(),
            "email": f"{key}@elms.example",
            "kind": PersonKind.EMPLOYEE,
            "schools": (SCHOOL,),
            "holdings": tuple(Holding(school=SCHOOL, seat=seat) for seat in seats),
            **more,
        }
    )


def a_directory(*more: Person) -> Directory:
    """Return a small school: an author with a line manager, a communications manager, a head and a deputy."""
    return Directory(
        people=(
            a_person("author", line_manager="manager"),
            a_person("manager"),
            a_person("comms", "communications_manager"),
            a_person("head", "headteacher"),
            a_person("deputy", "deputy_headteacher"),
            *more,
        )
    )


def a_step(key: str, *seats: str, **more: Any) -> Step:
    """Return a step that asks `seats`, or the seat of its own name."""
    return Step.model_validate(
        {
            "key": key,
            "title": key.replace("_", " ").capitalize(),
            "seats": seats or (key,),
            "approves": "the proposed site",
            "attestation": "I approve the proposed site.",
            "answer_within": 5,
            "remind_on": (3, 5),
            "escalate_on": 7,
            "clause": "App.1",
            **more,
        }
    )


def a_changes(**more: Any) -> Changes:
    """Return that the author can change the request, which then begins again at the line manager."""
    return Changes.model_validate(
        {
            "back_to": "line_manager",
            "ahead": "go_live_date",
            "answer_within": 5,
            "remind_on": (3,),
            "clause": "App.1",
            **more,
        }
    )


THREE_STEPS = (
    a_step("line_manager"),
    a_step("communications_manager"),
    a_step(
        "headteacher",
        confirmations=(Confirmation(key="resourced", label="There are enough resources.", clause="14.5"),),
    ),
)

IN_ORDER: tuple[OrderRule, ...] = (
    Before(
        rule="before",
        key="manager-first",
        first=EventMatch(event=("approved",), step="line_manager"),
        then=EventMatch(event=("approved",), step="headteacher"),
        same="version",
        clause="App.1",
    ),
    Before(
        rule="before",
        key="approved-first",
        first=EventMatch(event=("site_approved",)),
        then=EventMatch(event=("site_registered",)),
        clause="App.1",
    ),
)


def a_process(*steps: Step, **more: Any) -> Process:
    """Return site creation with `steps`, or with the usual three and their order rules."""
    return Process.model_validate(
        {
            "key": "site_creation",
            "story": "site_creation",
            "title": "Create a site",
            "summary": "Ask for a site.",
            "form": "site_creation",
            "may_start": (PersonKind.EMPLOYEE,),
            "steps": steps or THREE_STEPS,
            "rules": () if steps else IN_ORDER,
            "notices": (
                Notice(on="request_submitted", to=("author",), template="request_received"),
                Notice(on="approved", to=("author",), template="progress"),
            ),
            "clause": "16",
            **more,
        }
    )


def a_pack() -> Pack:
    """Return the pack of the school, as far as pages and mails read it."""
    return Pack(
        key=ORGANISATION,
        organisation=Organisation(key=ORGANISATION, name="The Elms", schools=(School(key=SCHOOL, name="Elm School"),)),
        document=DocumentControl(title="Social media"),
        seats=(),
        calendar=CalendarRules(bank_holidays="ENG"),
        contacts=(),
        clauses=(),
    )


def an_opening(process: Process | None = None, key: str = "form-1", **request: Any) -> Opening:
    """Return the opening of the case of form `key`, with `request` in place of what the author would say."""
    return Opening(
        case=case_id(key),
        reference=reference(bytes.fromhex(case_id(key)[2:])),
        organisation=ORGANISATION,
        school=SCHOOL,
        pack_digest="0" * 64,
        process=process or a_process(),
        seats=(
            Seat(key="line_manager", title="Line manager", from_field="line_manager"),
            Seat(key="communications_manager", title="Communications manager", stands_in=("deputy_headteacher",)),
            Seat(key="headteacher", title="Headteacher", stands_in=("deputy_headteacher",)),
            Seat(key="deputy_headteacher", title="Deputy headteacher"),
        ),
        calendar=Calendar(bank_holidays=frozenset(), known_until=date(2045, 12, 31)),
        request=Request.model_validate(
            {
                "title": "Year 9 Science Club",
                "starter": "author",
                "author": "author",
                "answers": {
                    "title": "Year 9 Science Club",
                    "author": "author",
                    "line_manager": "manager",
                    "go_live_date": "2027-03-01",
                    "closure_date": "2028-03-01",
                },
                **request,
            }
        ),
    )


def an_answer(ask: str, person: str, verdict: Verdict | None = Verdict.APPROVE, **more: Any) -> Act:
    """Return a complete answer of `person` to `ask`."""
    return Act.model_validate(
        {
            "kind": "answer",
            "person": person,
            "how": "link",
            "ask": ask,
            "version": 1,
            "verdict": verdict,
            "signature": person.title(),
            "confirmations": ("resourced",),
            "comment": "Because.",
            "opened_at": BEGINS,
            **more,
        }
    )


def an_edit(request: Request, person: str = "author", edition: int | None = None, **answers: Any) -> Act:
    """Return that `person` changes the `answers` of `request`, of its own edition unless said otherwise."""
    changed = {"answers": request.answers | answers, "title": answers.get("title", request.title)}
    return Act(
        kind="edit",
        person=person,
        how="session",
        version=request.edition if edition is None else edition,
        request=request.model_copy(update=changed),
    )


def a_lever(kind: ActKind, person: str = "admin", **more: Any) -> Act:
    """Return that an administrator, signed in, does `kind` for a reason."""
    return Act.model_validate({"kind": kind, "person": person, "how": "session", "comment": "Needed.", **more})
