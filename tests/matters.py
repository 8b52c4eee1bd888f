"""What tests of confidential cases begin with: processes of an invented school, its people, and a report."""

from typing import Final

from domain.allegations import GATED, Allegation, Category, Matter, Reporter, Subject
from domain.cases import Opening, Request
from domain.pack import (
    Before,
    Contact,
    DifferentPeople,
    EventMatch,
    NotBetween,
    Pack,
    Permitted,
    Process,
    Retention,
    Reviews,
    Route,
    Seat,
    Task,
    Topic,
)
from domain.people import Person, PersonKind
from tests.builders import CALENDAR, ORGANISATION, PACK, SCHOOL, a_person

CLAUSE: Final = "c16-2"
SEATS: Final = (
    *PACK.seats,
    Seat(key="chair_of_governors", title="Chair of governors", kinds=(PersonKind.GOVERNOR,)),
    Seat(key="vice_chair_of_governors", title="Vice-chair of governors", kinds=(PersonKind.GOVERNOR,)),
    Seat(key="dsl", title="Designated safeguarding lead"),
    Seat(key="it_administrator", title="IT administrator"),
    Seat(key="head_of_hr", title="Head of HR"),
)
TOPICS: Final = (
    Topic(key="grooming", label="Contact with a pupil that could be grooming", at_risk=True, clause=CLAUSE),
    Topic(key="private-messages", label="Private messages to a pupil", clause=CLAUSE),
    Topic(key="disrepute", label="Bringing the school into disrepute", clause=CLAUSE),
    Topic(key="other", label="Something else", clause=CLAUSE),
)


def _ladders(*seats: str) -> dict[str, tuple[str, ...]]:
    return dict.fromkeys(("case_manager", "decider", "appeal"), seats)


ROUTES: Final = (
    Route(
        key="headteacher",
        subjects=(Category.HEADTEACHER,),
        ladders=_ladders("chair_of_governors", "vice_chair_of_governors"),
        procedure="staff",
        clause=CLAUSE,
    ),
    Route(
        key="governor",
        subjects=(Category.GOVERNOR,),
        ladders=_ladders("chair_of_governors", "vice_chair_of_governors", "headteacher"),
        procedure="governor",
        clause=CLAUSE,
    ),
    Route(
        key="headteacher_involved",
        involved=("headteacher",),
        ladders=_ladders("chair_of_governors", "vice_chair_of_governors"),
        procedure="staff",
        clause=CLAUSE,
    ),
    Route(
        key="central_staff",
        subjects=(Category.CENTRAL_STAFF,),
        ladders=_ladders("head_of_hr", "chair_of_governors"),
        procedure="central_staff",
        clause=CLAUSE,
    ),
    Route(
        key="pupil",
        subjects=(Category.PUPIL,),
        ladders=_ladders("dsl", "headteacher"),
        procedure="behaviour",
        clause=CLAUSE,
    ),
    Route(
        key="public",
        subjects=(Category.PUBLIC,),
        ladders=_ladders("headteacher", "deputy_head"),
        procedure="public",
        clause=CLAUSE,
    ),
    Route(
        key="staff",
        ladders=_ladders("headteacher", "deputy_head", "chair_of_governors"),
        told=("dsl",),
        procedure="staff",
        clause=CLAUSE,
    ),
)


def _match(*events: str) -> EventMatch:
    return EventMatch(event=events)


_RETENTION: Final = Retention(years=10, clause=CLAUSE)
ALLEGATION: Final = Process(
    key="allegation",
    story="allegation",
    title="An allegation",
    summary="Refer an allegation.",
    rules=(
        Before(
            rule="before",
            key="referral_before_advice",
            first=_match("lado_referral_made"),
            then=_match("lado_advice_recorded"),
            same="allegation",
            clause=CLAUSE,
        ),
        Before(
            rule="before",
            key="advice_before_anything",
            first=_match("lado_advice_recorded"),
            then=_match(*GATED),
            same="allegation",
            clause=CLAUSE,
        ),
        *(
            Permitted(
                rule="permitted",
                key=f"permit_{permit}",
                first=_match("lado_advice_recorded"),
                then=_match(*(kind for kind, one in GATED.items() if one == permit)),
                permit=permit,
                clause=CLAUSE,
            )
            for permit in ("investigate", "tell_subject", "open_disciplinary")
        ),
        NotBetween(
            rule="not_between",
            key="police_hold",
            opens=_match("police_hold_placed"),
            closes=_match("police_hold_released"),
            then=_match(*GATED),
            stops_clocks=True,
            clause=CLAUSE,
        ),
    ),
    topics=TOPICS,
    routes=ROUTES,
    tasks=(
        Task(
            key="referral",
            title="Refer it to the LADO",
            seat="case_manager",
            done_by=_match("lado_referral_made"),
            each_allegation=True,
            answer_within=1,
            escalate_when_overdue=True,
            safeguarding=True,
            clause=CLAUSE,
        ),
        Task(
            key="advice",
            title="Record the LADO's advice",
            seat="case_manager",
            done_by=_match("lado_advice_recorded"),
            each_allegation=True,
            answer_within=3,
            safeguarding=True,
            clause=CLAUSE,
        ),
        Task(
            key="outcome",
            title="Record how each ended",
            seat="case_manager",
            done_by=_match("outcome_recorded"),
            each_allegation=True,
            answer_within=20,
            clause=CLAUSE,
        ),
    ),
    reviews=Reviews(
        after=_match("lado_advice_recorded"),
        done_by=_match("case_reviewed"),
        first_after=20,
        every=10,
        clause=CLAUSE,
    ),
    retention=_RETENTION,
    custodians=("chair_of_governors", "dsl"),
    clause=CLAUSE,
)
DISCIPLINARY: Final = Process(
    key="disciplinary",
    story="disciplinary",
    title="A matter of conduct",
    summary="See a matter of conduct through.",
    rules=(
        Before(
            rule="before",
            key="cleared_first",
            first=_match("case_cleared"),
            then=_match("investigation_started", "interview_held", "subject_told", "suspension_decided"),
            clause=CLAUSE,
        ),
        DifferentPeople(
            rule="different_people",
            key="investigator_decides_nothing",
            first=_match("investigation_reported"),
            then=_match("decision_made"),
            clause=CLAUSE,
        ),
    ),
    topics=TOPICS,
    routes=ROUTES,
    tasks=(
        Task(
            key="triage",
            title="Say whether a child could be at risk",
            seat="case_manager",
            done_by=_match("case_cleared"),
            answer_within=1,
            safeguarding=True,
            clause=CLAUSE,
        ),
        Task(
            key="procedure",
            title="Choose the procedure",
            seat="case_manager",
            done_by=_match("procedure_chosen"),
            clause=CLAUSE,
        ),
    ),
    retention=_RETENTION,
    clause=CLAUSE,
)
CONFIDENTIAL: Final[Pack] = PACK.model_copy(
    update={
        "seats": SEATS,
        "contacts": (
            Contact(key="lado", title="Local Authority Designated Officer", phone="01632 960001"),
            Contact(key="police", title="Police", phone="999, or 101 when nobody is in danger"),
            Contact(key="social_care", title="Children's social care", phone="01632 960002"),
            Contact(key="nspcc", title="NSPCC", phone="0808 800 5000"),
        ),
        "processes": (*PACK.processes, ALLEGATION, DISCIPLINARY),
    }
)
"""The pack of Elmbrook with both confidential processes."""

AMINA: Final = a_person("amina", "Amina Okafor", line_manager="ben")
BEN: Final = a_person("ben", "Ben Carter")
HELEN: Final = a_person("helen", "Helen Marsh", "headteacher", deputy="dev")
DEV: Final = a_person("dev", "Dev Patel", "deputy_head")
ADA: Final = a_person("ada", "Ada Quinn", administrator=True)
OTTO: Final = a_person("otto", "Otto Lind")
CARA: Final = a_person("cara", "Cara Reid", "chair_of_governors", kind=PersonKind.GOVERNOR)
VIC: Final = a_person("vic", "Vic Stone", "vice_chair_of_governors", kind=PersonKind.GOVERNOR)
DANA: Final = a_person("dana", "Dana Wells", "dsl")
IVAN: Final = a_person("ivan", "Ivan Petrov", "it_administrator")
HUGO: Final = a_person("hugo", "Hugo Frost", "head_of_hr")
PEOPLE: Final[tuple[Person, ...]] = (AMINA, BEN, HELEN, DEV, ADA, OTTO, CARA, VIC, DANA, IVAN, HUGO)
"""Helen is the headteacher, Dev her deputy, Cara chairs the governors, Dana leads on safeguarding, Ivan runs the IT."""


def a_matter(**more: object) -> Matter:
    """Return a matter about Ben, reported without a name; `more` changes it."""
    return Matter.model_validate(
        {
            "subjects": (Subject(key="s1", name="Ben Carter", category=Category.EMPLOYEE, person="ben"),),
            "allegations": (Allegation(key="a1", subject="s1", topic="private-messages", what="Wrote to a pupil."),),
            "reporter": Reporter(mode="anonymous"),
            "recused": ("ben",),
            **more,
        }
    )


def a_confidential_opening(
    case: str = "c-1", reference: str = "K7QM-4TXR", process: Process = ALLEGATION, **more: object
) -> Opening:
    """Return the opening of a confidential case; `more` changes its matter."""
    return Opening(
        case=case,
        reference=reference,
        organisation=ORGANISATION,
        school=SCHOOL,
        pack_digest="",
        process=process,
        seats=SEATS,
        calendar=CALENDAR,
        request=Request(title="", starter="", author="", answers={}),
        matter=a_matter(**more),
    )
