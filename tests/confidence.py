"""What tests of the confidential record begin with: a small school, its rules about allegations, and a report."""

from datetime import date
from typing import Any, Final, Literal

from pydantic import TypeAdapter

from domain.allegations import Allegation, Category, Clearance, Matter, Reporter, Subject
from domain.calendar import Calendar
from domain.cases import Act, Opening, Request
from domain.entries import AnyEntry, OneEntry
from domain.pack import (
    Before,
    EventMatch,
    NotBetween,
    OrderRule,
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
from domain.people import Directory, Person
from domain.refs import case_id, reference
from tests.stories import ORGANISATION, SCHOOL, a_pack, a_person

MARKERS: Final = ("Zebedee", "quicksilver", "Wilhelmina", "gatehouse")
"""Words of the subject, of what is alleged, of the reporter and of the place, which nobody is to find in clear."""

ENTRY: Final[TypeAdapter[AnyEntry]] = TypeAdapter(OneEntry)

SEATS: Final = tuple(
    Seat(key=key, title=key.replace("_", " ").capitalize())
    for key in (
        "headteacher",
        "deputy_headteacher",
        "safeguarding_lead",
        "chair_of_governors",
        "vice_chair",
        "trust_lead",
    )
)


def a_school(*more: Person) -> Directory:
    """Return who there is: head, deputy, lead, chair, vice-chair, two of the trust; and Sam, Rita, an administrator."""
    return Directory(
        people=(
            a_person("head", "headteacher"),
            a_person("deputy", "deputy_headteacher"),
            a_person("lead", "safeguarding_lead"),
            a_person("chair", "chair_of_governors"),
            a_person("vice", "vice_chair"),
            a_person("tara", "trust_lead"),
            a_person("tom", "trust_lead"),
            a_person("sam", name="Sam Zebedee"),
            a_person("rita", name="Rita Wilhelmina"),
            a_person("admin", administrator=True),
            *more,
        )
    )


def a_task(key: str, kind: str, seat: str = "case_manager", **more: Any) -> Task:
    """Return that `seat` is to see to an entry of `kind`, for each allegation, within a working day."""
    return Task.model_validate(
        {
            "key": key,
            "title": key.replace("_", " ").capitalize(),
            "seat": seat,
            "done_by": {"event": kind},
            "each_allegation": True,
            "answer_within": 1,
            "escalate_when_overdue": True,
            "safeguarding": True,
            "clause": "10.1",
            **more,
        }
    )


def before(key: str, first: str, *then: str, same: Literal["allegation"] | None = "allegation") -> OrderRule:
    """Return the rule that `first` comes before each of `then`."""
    return Before(
        rule="before", key=key, first=EventMatch(event=(first,)), then=EventMatch(event=then), same=same, clause="10.1"
    )


def permitted(key: str, permit: str, *then: str) -> OrderRule:
    """Return the rule that the latest advice has to permit each of `then`."""
    rule = {"rule": "permitted", "key": key, "first": {"event": "lado_advice_recorded"}, "then": {"event": then}}
    return Permitted.model_validate({**rule, "permit": permit, "clause": "10.1"})


def on_hold(key: str, opens: str, closes: str, *then: str) -> OrderRule:
    """Return the rule that none of `then` comes between `opens` and `closes`."""
    rule = {"rule": "not_between", "key": key, "opens": {"event": opens}, "closes": {"event": closes}}
    return NotBetween.model_validate({**rule, "then": {"event": then}, "stops_clocks": True, "clause": "10.1"})


_GATED: Final = ("investigation_started", "interview_held", "subject_told", "suspension_decided", "disciplinary_opened")
_ROUTES: Final = (
    Route(
        key="head_is_meant",
        subjects=(Category.HEADTEACHER,),
        ladders=dict.fromkeys(("case_manager", "decider", "appeal"), ("chair_of_governors", "vice_chair")),
        told=("trust_lead",),
        procedure="staff",
        clause="10.1",
    ),
    Route(
        key="staff",
        ladders={
            "case_manager": ("headteacher", "deputy_headteacher"),
            "decider": ("chair_of_governors",),
            "appeal": ("vice_chair",),
        },
        told=("safeguarding_lead",),
        procedure="staff",
        clause="10.1",
    ),
)
_REVIEWS: Final = Reviews.model_validate(
    {
        "after": {"event": "lado_advice_recorded"},
        "done_by": {"event": "case_reviewed"},
        "first_after": 20,
        "every": 10,
        "answer_within": 1,
        "clause": "KCSIE",
    }
)
_COMMON: Final[dict[str, Any]] = {
    "summary": "Confidential.",
    "topics": (Topic(key="conduct", label="Conduct", clause="10.1"),),
    "routes": _ROUTES,
    "reviews": _REVIEWS,
    "retention": Retention(years=10, clause="10.1"),
    "custodians": ("trust_lead",),
    "clause": "10.1",
}


def an_allegation_process(**more: Any) -> Process:
    """Return the process of allegations: refer, take the advice, record the outcome."""
    return Process.model_validate(
        {
            **_COMMON,
            "key": "allegation",
            "story": "allegation",
            "title": "Allegation",
            "tasks": (
                a_task("refer", "lado_referral_made"),
                a_task("advice", "lado_advice_recorded"),
                a_task("outcome", "outcome_recorded", answer_within=20),
            ),
            "rules": (
                before("referral-first", "lado_referral_made", "lado_advice_recorded"),
                before("advice-first", "lado_advice_recorded", *_GATED),
                permitted("may-investigate", "investigate", "investigation_started", "interview_held"),
                permitted("may-tell", "tell_subject", "subject_told"),
                permitted("may-open", "open_disciplinary", "disciplinary_opened"),
                on_hold("police", "police_hold_placed", "police_hold_released", *_GATED, "outcome_recorded"),
            ),
            **more,
        }
    )


def a_disciplinary_process(**more: Any) -> Process:
    """Return the disciplinary process, in short: triage, choice of procedure, decision."""
    return Process.model_validate(
        {
            **_COMMON,
            "key": "disciplinary",
            "story": "disciplinary",
            "title": "Disciplinary",
            "tasks": (
                a_task("triage", "triage_recorded", each_allegation=False, unless={"event": "case_cleared"}),
                a_task("choose", "procedure_chosen", each_allegation=False),
                a_task("decide", "decision_made", "decider", each_allegation=False, answer_within=20),
            ),
            "rules": (
                before("cleared-first", "case_cleared", "procedure_chosen", "decision_made", same=None),
                on_hold(
                    "new-facts", "safeguarding_concern_raised", "case_cleared", "procedure_chosen", "decision_made"
                ),
            ),
            **more,
        }
    )


def a_confidential_pack(*processes: Process) -> Pack:
    """Return the pack of the school with both processes, or with `processes`."""
    both = processes or (an_allegation_process(), a_disciplinary_process())
    return a_pack().model_copy(update={"seats": SEATS, "processes": both})


def a_subject(key: str = "s1", person: str | None = "sam", **more: Any) -> Subject:
    """Return of whom something is alleged: Sam, unless said otherwise."""
    return Subject.model_validate(
        {"key": key, "name": "Sam Zebedee", "category": Category.EMPLOYEE, "person": person, **more}
    )


def an_allegation(key: str = "a1", subject: str = "s1", what: str = "The quicksilver was moved.") -> Allegation:
    """Return what is alleged of a subject."""
    return Allegation(key=key, subject=subject, topic="conduct", what=what)


def a_matter(*allegations: Allegation, **more: Any) -> Matter:
    """Return what Rita reported of Sam, whoever else is meant."""
    return Matter.model_validate(
        {
            "subjects": (a_subject(),),
            "allegations": allegations or (an_allegation(),),
            "reporter": Reporter(mode="named", person="rita", name="Rita Wilhelmina"),
            "recused": ("sam",),
            "happened_on": date(2027, 1, 8),
            "where": "At the gatehouse",
            **more,
        }
    )


def a_confidential_opening(
    process: Process | None = None,
    key: str = "report-1",
    matter: Matter | None = None,
    clearance: Clearance | None = None,
    parent: str | None = None,
) -> Opening:
    """Return with what the case of the report `key` begins."""
    return Opening(
        case=case_id(key),
        reference=reference(bytes.fromhex(case_id(key)[2:])),
        organisation=ORGANISATION,
        school=SCHOOL,
        pack_digest="0" * 64,
        process=process or an_allegation_process(),
        seats=SEATS,
        calendar=Calendar(bank_holidays=frozenset(), known_until=date(2045, 12, 31)),
        request=Request(title="", starter="", author="", answers={}),
        matter=matter or a_matter(),
        clearance=clearance,
        parent=parent,
    )


def an_entry(kind: str, *allegations: str, **more: Any) -> AnyEntry:
    """Return an entry of `kind` about `allegations`, or about the one that there is, with what it needs."""
    return ENTRY.validate_python({"kind": kind, "allegations": allegations or ("a1",), **_NEEDS.get(kind, {}), **more})


def an_act(person: str, kind: str, *allegations: str, occasion: str = "", **more: Any) -> Act:
    """Return that `person`, signed in, records an entry of `kind`."""
    entry = an_entry(kind, *allegations, **more)
    return Act(kind="record", person=person, how="session", entry=entry, occasion=occasion or f"{person} {kind}")


def advice(person: str, *permits: str, allegations: tuple[str, ...] = ("a1",)) -> Act:
    """Return that `person` records the LADO's advice, which permits what it `permits`."""
    return an_act(person, "lado_advice_recorded", *allegations, permits=permits, occasion=f"{permits} {allegations}")


_NEEDS: Final[dict[str, dict[str, Any]]] = {
    "lado_referral_made": {"method": "phone", "spoke_to": "Lou"},
    "lado_advice_recorded": {"giver": "Lou", "method": "phone", "advice": "employer_investigation"},
    "disciplinary_opened": {"subject": "s1"},
    "outcome_recorded": {"outcome": "unfounded", "reasons": "Nothing of it was so."},
    "people_recused": {"people": ("deputy",)},
    "safeguarding_concern_raised": {"allegation": {"key": "a9", "subject": "s1", "topic": "conduct", "what": "More."}},
    "procedure_chosen": {"procedure": "staff", "severity": "minor", "reasons": "Small."},
    "message_written": {"text": "Please say more."},
}
