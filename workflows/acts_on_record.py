"""Putting an entry on record: by those who see to a case, by the reporter, and by whoever does what comes round.

An entry that does not fit the case changes nothing. One that a rule of the order forbids leaves on record that it was.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from domain.allegations import Allegation
from domain.calendar import days_between, local_day
from domain.cases import Act, Recordable, Reply
from domain.entries import (
    AllegationAdded,
    CallsMade,
    DecisionMade,
    Entry,
    HearingCalled,
    HearingPostponed,
    InvestigatorAppointed,
    OutcomeRecorded,
    PoliceHoldPlaced,
    SafeguardingConcernRaised,
    SubjectCorrected,
)
from domain.events import StepRefused
from domain.matters import Facts, facts, goes_round_the_advice, has_outcome, replaces
from domain.pack import Task
from workflows import rounds
from workflows.ask import Ask
from workflows.rounds import BY_RIGHT

if TYPE_CHECKING:
    from workflows.case import Case


class Accepted(NamedTuple):
    """What may be recorded at any moment: by whom (`reporter`, seats; anybody in the case), and what it does."""

    seats: frozenset[str]
    does: Callable[[Any], None] | None = None


_KNOWN_IN_CONFIDENCE: Final = frozenset({"session", "receipt", "duly"})
"""How somebody has to be known to put something on record there: a link and a program's token carry no authority."""

_MOST_PUT_OFF: Final = 5
_MOST_OF_A_REPORTER: Final = 200
_CLOCKS_DIFFER: Final = timedelta(minutes=5)

_WARNINGS: Final = frozenset({"first_warning", "final_warning"})

_ABOUT_AN_ALLEGATION: Final = frozenset({"lado_referral_made", "lado_advice_recorded", "outcome_recorded"})
"""The entries that have to say which allegations they are about; what they let happen, the order rules ask."""


def record(case: "Case", act: Act) -> Reply:
    """Put an entry on record, unless a rule of the order forbids it: then that it was refused is on record."""
    entry = act.entry
    accepted = case.accepts.get(entry.kind) if entry is not None else None
    if entry is None or accepted is None:
        return Reply(says="not_offered")
    if case.opening.process.confidential and act.how not in _KNOWN_IN_CONFIDENCE:
        return Reply(says="not_offered")
    if act.ask is not None and act.ask not in {ask.id for ask in case.live_asks()}:
        return Reply(says="closed")
    if act.person in case.recused or not _is_in_it(case, act, accepted.seats):
        return Reply(says="not_asked")
    entry = entry.model_copy(update={"by": act.person, "how": act.how})
    if act.how == "receipt" and not _may_still_write(case, entry):
        return Reply(says="not_offered")
    if not (rounds.fits(case, entry) if case.opening.matter is None else _fits_the_case(case, entry)):
        return Reply(says="incomplete")
    if isinstance(entry, SubjectCorrected):
        entry = _as_found_out(case, entry)
        if goes_round_the_advice(case.opening.process, case.matter, case.past, entry):
            clause = case.opening.process.clause
            case.record(StepRefused(tried=entry.kind, rule="advice-first", clause=clause, by=act.person))
            return Reply(says="refused", clause=clause)
    if isinstance(entry, OutcomeRecorded) and any(has_outcome(case.past, key) for key in entry.allegations):
        return Reply(says="already_decided")
    refused = case.record_all([entry], act.person)
    if refused is not None:
        return Reply(says="refused", clause=refused)
    if accepted.does is not None:
        accepted.does(entry)
    case.tell_on()
    return Reply(says="done")


def _is_in_it(case: "Case", act: Act, seats: frozenset[str]) -> bool:
    """Return whether whoever acts may record it: the reporter, known by a receipt, or somebody who is asked."""
    if act.how == "receipt":
        return "reporter" in seats
    if BY_RIGHT in seats and act.how == "session":
        return True
    asks = [ask for ask in case.live_asks() if not seats - {"reporter", BY_RIGHT} or ask.seat in seats]
    return any(ask.reaches(act.person) and _asks_for(case, ask, act) for ask in asks)


def _asks_for(case: "Case", ask: Ask, act: Act) -> bool:
    """Return whether an ask is for what is to be recorded: in a review, where one thing comes after the other."""
    if case.opening.process.story != "review" or act.entry is None:
        return True
    return isinstance(ask.step, Task) and act.entry.kind in ask.step.done_by.event


def _may_still_write(case: "Case", entry: Recordable) -> bool:
    """Return whether the reporter may write once more: calls are told of once, and messages do not fill up a case."""
    theirs = [event for event in case.past if isinstance(event, Entry) and event.how == "receipt"]
    told = any(isinstance(event, CallsMade) for event in theirs)
    return len(theirs) < _MOST_OF_A_REPORTER and not (told and isinstance(entry, CallsMade))


def _as_found_out(case: "Case", entry: SubjectCorrected) -> SubjectCorrected:
    """Return a correction with what the case knows: which allegations it is about, and whether it is somebody else."""
    known = facts(case.matter, case.past)
    theirs = tuple(sorted(one.key for one in known.allegations.values() if one.subject == entry.subject.key))
    return entry.model_copy(update={"allegations": theirs, "replaces": replaces(known, entry.subject)})


def _fits_the_case(case: "Case", entry: Recordable) -> bool:
    """Return whether an entry speaks of what there is: known allegations and subjects, and nothing of the future."""
    known = facts(case.matter, case.past)
    if not set(entry.allegations) <= known.allegations.keys():
        return False
    if entry.kind in _ABOUT_AN_ALLEGATION and not entry.allegations:
        return False
    if entry.happened_at is not None and entry.happened_at > case.now() + _CLOCKS_DIFFER:
        return False
    subject = getattr(entry, "subject", None)
    if isinstance(subject, str):
        theirs = {known.allegations[key].subject for key in entry.allegations}
        return subject in known.subjects and theirs <= {subject}
    match entry:
        case PoliceHoldPlaced():
            return not case.is_between("police_hold_placed", "police_hold_released")
        case SubjectCorrected():
            return entry.subject.key in known.subjects
        case AllegationAdded() | SafeguardingConcernRaised():
            return _is_new(case, entry.allegation, known)
        case InvestigatorAppointed():
            return entry.person not in case.recused | case.set_apart
        case HearingPostponed():
            return _may_be_put_off(case, entry)
        case DecisionMade():
            return _ends_as_it_has_to(case, entry)
        case _:
            return True


def _may_be_put_off(case: "Case", entry: HearingPostponed) -> bool:
    """Return whether the hearing that was called is put off for the first time, and by few enough working days."""
    hearings = (one for one in reversed(case.past) if isinstance(one, HearingCalled | HearingPostponed))
    called = next(hearings, None)
    return (
        isinstance(called, HearingCalled)
        and 0 < days_between(called.on, entry.on, case.opening.calendar) <= _MOST_PUT_OFF
    )


def _is_new(case: "Case", allegation: Allegation, known: Facts) -> bool:
    """Return whether an allegation is one more: under the name of another, it would have that one's advice."""
    topics = {topic.key for topic in case.opening.process.topics}
    return (
        allegation.key not in known.allegations and allegation.subject in known.subjects and allegation.topic in topics
    )


def _ends_as_it_has_to(case: "Case", entry: DecisionMade) -> bool:
    """Return whether a warning says on which day it ends, later than today, and nothing else says so."""
    if entry.sanction not in _WARNINGS:
        return entry.expires_on is None
    return entry.expires_on is not None and entry.expires_on > local_day(case.now())
