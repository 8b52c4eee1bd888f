"""Trying out the confidential processes of the packs that come with Duly: reports, entries, and cases played."""

import itertools
from datetime import datetime
from functools import cache
from typing import Any, Final, Literal

from pydantic import TypeAdapter

import packs
from domain.allegations import Allegation, Category, Clearance, Matter, Reporter, Subject
from domain.cases import Act, Opening, Request
from domain.entries import AnyEntry, OneEntry
from domain.events import AnyEvent
from domain.pack import Pack, Process
from domain.people import Directory
from tests.packs.trying import BEGINS, TODAY, facts_of, whole_pack
from workflows.explorer import Move, Played, play
from workflows.stories import STORIES
from workflows.strands import Story

Kind = Literal["allegation", "disciplinary"]

ENTRY: Final[TypeAdapter[AnyEntry]] = TypeAdapter(OneEntry)
ALL: Final = ("investigate", "tell_subject", "open_disciplinary")
"""All that an advice of the LADO can permit."""

SAYS: Final[dict[str, dict[str, Any]]] = {
    "police_contacted": {"method": "phone", "spoke_to": "The desk"},
    "social_care_contacted": {"method": "phone", "spoke_to": "The front door"},
    "body_contacted": {"body": "The agency"},
    "advice_taken": {"source": "governor_support", "giver": "The clerk"},
    "interim_safeguard_taken": {"measure": "No contact with the class"},
    "breach_reported": {"what": "Somebody asked a pupil", "who": "A colleague"},
    "support_offered": {"to": "subject", "what": "A named contact", "taken": "yes"},
    "police_advised": {"advised": "yes", "reason": "There were threats."},
    "custody_recorded": {"item": "A telephone", "place": "The safe", "key_holder": "The office"},
    "evidence_recorded": {"what": "A post", "source": "public_internet"},
    "subject_resigned": {"subject": "s1"},
    "subject_corrected": {"subject": {"key": "s1", "name": "Somebody else", "category": "governor"}},
    "allegation_added": {"allegation": {"key": "more", "subject": "s1", "topic": "other", "what": "More."}},
    "people_recused": {"people": ("nobody",)},
    "message_written": {"text": "Please say more."},
    "calls_made": {"reached": "yes"},
    "proceedings_recorded": {"body": "A court"},
    "response_given": {"to": "The family", "what": "They were answered."},
    "case_reviewed": {"next_step": "Wait for the police."},
    "lado_referral_made": {"method": "phone", "spoke_to": "The LADO"},
    "lado_advice_recorded": {"giver": "The LADO", "method": "phone", "advice": "employer_investigation"},
    "police_hold_placed": {"who": "A sergeant"},
    "police_hold_released": {"who": "A sergeant"},
    "basic_enquiry_made": {"question": "In school that day?", "answer": "Yes"},
    "investigation_started": {"investigator": "Somebody"},
    "interview_held": {"with_whom": "A witness"},
    "subject_told": {"subject": "s1", "told": "As agreed."},
    "suspension_decided": {"subject": "s1", "suspended": True, "alternatives": "Other duties", "reasons": "Risk"},
    "disciplinary_opened": {"subject": "s1"},
    "outcome_recorded": {"outcome": "substantiated", "reasons": "It was seen."},
    "dbs_considered": {"referred": True, "reasons": "The harm test is met."},
    "tra_considered": {"referred": True, "reasons": "A teacher."},
    "triage_recorded": {"at_risk": "no", "reason": "Only adults.", "name": "A name"},
    "safeguarding_concern_raised": {"allegation": {"key": "new", "subject": "s1", "topic": "other", "what": "New."}},
    "clearance_claimed": {"clearance": {"case": "c-9", "n": 7, "hash": "h", "allegations": ("new",)}},
    "procedure_chosen": {"procedure": "Disciplinary", "severity": "serious", "reasons": "It suits."},
    "investigator_appointed": {"person": "somebody"},
    "notice_given": {"letter": "This is alleged."},
    "investigation_reported": {"findings": "It was so."},
    "case_to_answer_decided": {"answer": "yes", "reasons": "There is."},
    "hearing_called": {"on": "2026-12-14", "letter": "Please come."},
    "hearing_postponed": {"on": "2026-12-16"},
    "hearing_held": {"present": "Everybody"},
    "decision_made": {"sanction": "dismissal", "reasons": "It was grave."},
    "letter_sent": {"letter": "This was decided."},
    "appeal_made": {"grounds": "It was not so."},
    "appeal_waived": {},
    "appeal_decided": {"upheld": "yes", "reasons": "It was so."},
}
"""What an entry of each kind says, where a test says nothing else."""


def process_of(pack: str, story: Kind) -> Process:
    """Return that process of `pack`."""
    process = whole_pack(pack).process(story)
    assert process is not None
    return process


@cache
def _calendar(pack: str) -> Any:
    return packs.expand(whole_pack(pack).calendar, TODAY.year)


def a_subject(key: str = "s1", category: str = "employee", person: str | None = None) -> Subject:
    """Return somebody of whom something is alleged."""
    return Subject(key=key, name="Somebody", category=Category(category), person=person)


def an_allegation(key: str = "a1", subject: str = "s1", topic: str = "other") -> Allegation:
    """Return something that is alleged."""
    return Allegation(key=key, subject=subject, topic=topic, what="Something.")


def a_matter(*subjects: Subject, **more: Any) -> Matter:
    """Return a matter about `subjects`, or about one employee; one thing is alleged of each."""
    about = subjects or (a_subject(),)
    return Matter.model_validate(
        {
            "subjects": about,
            "allegations": tuple(an_allegation(f"a{n}", one.key) for n, one in enumerate(about, 1)),
            "reporter": Reporter(mode="anonymous"),
            "recused": tuple(one.person for one in about if one.person is not None),
            "at_risk": "no",
            **more,
        }
    )


def an_opening(
    pack: Pack,
    story: Kind = "allegation",
    matter: Matter | None = None,
    school: str | None = None,
    clearance: Clearance | None = None,
) -> Opening:
    """Return with what a case of `pack` begins."""
    process = pack.process(story)
    assert process is not None
    return Opening(
        case="c-1",
        reference="K7QM-4TXR",
        organisation=pack.organisation.key,
        school=school or pack.organisation.schools[0].key,
        pack_digest="0" * 64,
        process=process,
        seats=pack.seats,
        calendar=_calendar(pack.key),
        request=Request(title="", starter="", author="", answers={}),
        matter=matter or a_matter(),
        clearance=clearance,
        parent=clearance.case if clearance is not None else None,
    )


def story_of(opening: Opening) -> Story:
    """Return the story that runs the case of `opening`."""
    return STORIES[opening.process.story]()


def played(
    opening: Opening,
    *moves: Move,
    directory: Directory | None = None,
    begins: datetime = BEGINS,
    clearances: frozenset[Clearance] = frozenset(),
) -> Played:
    """Return what comes of `moves` among the demo's people, or those of `directory`."""
    people = directory or facts_of(opening.organisation).directory
    return play(story_of(opening), opening, people, begins, moves, clearances)


def an_entry(kind: str, /, *allegations: str, **more: Any) -> AnyEntry:
    """Return an entry of `kind` about `allegations`; `more` is what it says besides or instead."""
    return ENTRY.validate_python({"kind": kind, "allegations": allegations, **SAYS[kind], **more})


_occasions = itertools.count(1)


def record(who: str, kind: str, /, *allegations: str, **more: Any) -> Act:
    """Return that `who`, signed in, records an entry of `kind`."""
    entry = an_entry(kind, *allegations, **more)
    return Act(kind="record", person=who, how="session", entry=entry, occasion=str(next(_occasions)))


def whom(so_far: Played, seat: str = "case_manager") -> list[str]:
    """Return the people whom the open asks of `seat` reach, in the order in which they were opened."""
    asks = [ask.ask for ask in so_far.standing.asks if ask.seat == seat]
    return list(dict.fromkeys(one.person for ask in asks for one in so_far.asked.get(ask, ())))


def asked_seats(so_far: Played, seat: str = "case_manager") -> list[str]:
    """Return the pack's seats in which the open asks of `seat` reach somebody."""
    asks = [ask.ask for ask in so_far.standing.asks if ask.seat == seat]
    return list(dict.fromkeys(one.seat for ask in asks for one in so_far.asked.get(ask, ())))


def ever_asked(so_far: Played) -> set[str]:
    """Return everybody whom any ask ever reached."""
    found = (getattr(said.event, "asked", None) for said in so_far.events)
    return {one.person for asked in found for one in asked or ()}


def events(so_far: Played) -> list[AnyEvent]:
    """Return what happened, without numbers and times."""
    return [said.event for said in so_far.events]


def task_of(so_far: Played) -> str | None:
    """Return the task that is asked for first, or None where none is."""
    return so_far.standing.asks[0].step if so_far.standing.asks else None


def says(so_far: Played) -> list[str]:
    """Return the reply to each act."""
    return [reply.says for reply in so_far.replies]
