"""Which entries somebody may record in a confidential case now, and which not yet, and why."""

from collections.abc import Sequence
from typing import Final

from domain.allegations import GATED, Matter
from domain.base import Frozen
from domain.cases import Standing
from domain.entries import AnyEntry, PoliceContacted
from domain.entry_forms import KINDS, EntryFacts, is_asked
from domain.entry_texts import FORMS
from domain.events import AnyEvent
from domain.matters import UNREFERRED
from domain.order import forbidding_rule, is_between, matches
from domain.pack import Before, DifferentPeople, NotBetween, OrderRule, Permitted, Process, Reviews, Task
from domain.waiting import AskedBy
from domain.words import listed

Seats = frozenset[str]
_ANYBODY: Final[Seats] = frozenset()
_MANAGES: Final = "case_manager"
_MANAGER: Final[Seats] = frozenset({_MANAGES})

_AT_ANY_TIME: Final = (
    "lado_referral_made",
    "lado_advice_recorded",
    "police_contacted",
    "social_care_contacted",
    "interim_safeguard_taken",
    "support_offered",
    "custody_recorded",
    "evidence_recorded",
    "message_written",
    "breach_reported",
    "advice_taken",
    "body_contacted",
    "police_hold_placed",
    "police_hold_released",
    "police_advised",
    "proceedings_recorded",
    "allegation_added",
    "basic_enquiry_made",
    "response_given",
    "subject_corrected",
    "subject_resigned",
    "people_recused",
    "case_reviewed",
)
"""What anybody who is asked may record at any moment, in the order in which it is shown."""

_OF_ALLEGATIONS: Final = ("lado_referral_made", "lado_advice_recorded", "allegation_added", "basic_enquiry_made")
"""Those of them that only an allegation knows."""

_ALLEGATION: Final[dict[str, Seats]] = {
    **dict.fromkeys(GATED, _ANYBODY),
    "disciplinary_opened": _MANAGER,
    "outcome_recorded": _MANAGER,
    "dbs_considered": _MANAGER,
    "tra_considered": _MANAGER,
}
_DISCIPLINARY: Final[dict[str, Seats]] = {
    "triage_recorded": _MANAGER,
    "safeguarding_concern_raised": _ANYBODY,
    "clearance_claimed": _MANAGER,
    "procedure_chosen": _MANAGER,
    "investigator_appointed": _MANAGER,
    "notice_given": _MANAGER,
    "investigation_started": _MANAGER,
    "interview_held": frozenset({"investigator"}),
    "investigation_reported": frozenset({"investigator"}),
    "case_to_answer_decided": frozenset({"decider"}),
    "subject_told": _MANAGER,
    "suspension_decided": _MANAGER,
    "hearing_called": _MANAGER,
    "hearing_postponed": _MANAGER,
    "hearing_held": frozenset({"decider"}),
    "decision_made": frozenset({"decider"}),
    "letter_sent": _MANAGER,
    "appeal_made": _MANAGER,
    "appeal_waived": _MANAGER,
    "appeal_decided": frozenset({"appeal"}),
    "dbs_considered": _MANAGER,
    "tra_considered": _MANAGER,
}
_FOLLOWS: Final = {
    "police_hold_released": ("police_hold_placed",),
    "clearance_claimed": ("safeguarding_concern_raised", "case_halted"),
    "hearing_postponed": ("hearing_called",),
    "hearing_held": ("hearing_called",),
    "letter_sent": ("decision_made",),
    "appeal_made": ("decision_made",),
    "appeal_waived": ("decision_made",),
    "appeal_decided": ("appeal_made",),
}
"""What there is nothing to say of before something else is on record."""

_LEADS_TO: Final = {"case_cleared": ("triage_recorded", "clearance_claimed")}
"""What people record for the case itself to record what a task waits for."""

BEFORE_THE_POLICE: Final = (
    "police_contacted",
    "custody_recorded",
    "interim_safeguard_taken",
    "social_care_contacted",
    "lado_referral_made",
)
"""All that is recorded where an indecent image of a child may be involved, until the police were contacted.

Source: MTOAT, Cyber bullying (ALLEG-17); UKCIS, Sharing nudes and semi-nudes.
"""


_REMARKS: Final = {
    "allegation_recorded": "what was reported",
    "matter_recorded": "what was reported",
    "case_cleared": "that the case may go on",
}


class NotYet(Frozen):
    """Why something may not be recorded yet, in a sentence, and under which clause of the pack."""

    why: str
    clause: str


class Offer(Frozen):
    """An entry that somebody may record, or may not yet; `clauses` are those of the pack that speak of it."""

    kind: str
    title: str
    lead: str
    clauses: tuple[str, ...]
    source: str = ""
    not_yet: NotYet | None = None


class Offers(Frozen):
    """What somebody may record: what they are asked for now, what may always be recorded, and what comes later.

    `gated` is what waits for the LADO's advice. `police_first` says that little is offered until a contact with the
    police is on record.
    """

    now: tuple[Offer, ...] = ()
    at_any_time: tuple[Offer, ...] = ()
    gated: tuple[Offer, ...] = ()
    later: tuple[Offer, ...] = ()
    police_first: bool = False

    def find(self, kind: str) -> Offer | None:
        """Return the offer of an entry of `kind`, or None where it is not offered."""
        every = (*self.now, *self.at_any_time, *self.gated, *self.later)
        return next((offer for offer in every if offer.kind == kind), None)


def accepted(process: Process, procedure: str) -> dict[str, Seats]:
    """Return every entry that a case on such a road takes of those who are asked: in which seats, or in any."""
    of_seats = frozenset(task.seat for task in process.tasks)
    kinds = dict.fromkeys(_AT_ANY_TIME, _ANYBODY) | {"message_written": of_seats}
    kinds |= dict.fromkeys(("subject_corrected", "people_recused"), _MANAGER)
    if procedure not in UNREFERRED:
        del kinds["response_given"]
    if process.story == "allegation":
        out = set() if process.basic_enquiries else {"basic_enquiry_made"}
        return {kind: seats for kind, seats in (kinds | _ALLEGATION).items() if kind not in out}
    return {kind: seats for kind, seats in (kinds | _DISCIPLINARY).items() if kind not in _OF_ALLEGATIONS}


def at_any_time(process: Process, procedure: str) -> tuple[str, ...]:
    """Return the entries that anybody who sees to a case on such a road may record at any moment, in order."""
    taken = accepted(process, procedure)
    return tuple(kind for kind in _AT_ANY_TIME if kind in taken)


def images_are_involved(matter: Matter) -> bool:
    """Return whether indecent images of a child may be involved; unsure counts as yes."""
    return matter.images != "no"


def police_come_first(matter: Matter, past: Sequence[AnyEvent]) -> bool:
    """Return whether nothing but what keeps children from harm is recorded yet: the police have not been contacted."""
    return images_are_involved(matter) and not any(isinstance(event, PoliceContacted) for event in past)


def offers_for(person: str, facts: EntryFacts, standing: Standing, asked: AskedBy) -> Offers:
    """Return what `person` may record now, in a case that stands so and whose asks reached those in `asked`."""
    process, matter = facts.opening.process, facts.opening.matter
    asks = {ask.ask: ask.seat for ask in standing.asks} | ({standing.managing: _MANAGES} if standing.managing else {})
    seats = {seat for ask, seat in asks.items() if any(one.person == person for one in asked.get(ask, ()))}
    if matter is None or not seats or standing.outcome is not None:
        return Offers()
    mine = [ask for ask in standing.asks if any(one.person == person for one in asked.get(ask.ask, ()))]
    first = police_come_first(matter, facts.past)
    kinds = [
        kind
        for kind, wanted in accepted(process, facts.procedure).items()
        if (not wanted or wanted & seats) and _makes_sense(kind, facts) and (not first or kind in BEFORE_THE_POLICE)
    ]
    tasks = ["police_contacted"] if first else []
    tasks += [kind for ask in mine for kind in _done_by(process, ask.step)]
    now = [kind for kind in dict.fromkeys(tasks) if kind in kinds]
    rest = [kind for kind in kinds if kind not in now]
    gated = GATED if process.story == "allegation" else ()
    return Offers(
        now=_offers(now, person, facts),
        at_any_time=_offers([kind for kind in rest if kind in _AT_ANY_TIME], person, facts),
        gated=_offers([kind for kind in rest if kind in gated], person, facts),
        later=_offers([kind for kind in rest if kind not in (*_AT_ANY_TIME, *gated)], person, facts),
        police_first=first,
    )


def _done_by(process: Process, step: str) -> tuple[str, ...]:
    clocks = process.clocks(step)
    kinds = clocks.done_by.event if isinstance(clocks, Task | Reviews) else ()
    return tuple(one for kind in kinds for one in _LEADS_TO.get(kind, (kind,)))


def _makes_sense(kind: str, facts: EntryFacts) -> bool:
    happened = [event.kind for event in facts.past]
    if _is_of_another_road(kind, facts):
        return False
    if kind in _FOLLOWS and not set(_FOLLOWS[kind]) & set(happened):
        return False
    if kind == "triage_recorded":
        return not {"triage_recorded", "case_cleared"} & set(happened)
    if kind in {"police_hold_placed", "police_hold_released"}:
        holds = [one for one in happened if one in {"police_hold_placed", "police_hold_released"}]
        return (holds[-1:] == ["police_hold_placed"]) == (kind == "police_hold_released")
    return is_asked(kind, facts)


def _is_of_another_road(kind: str, facts: EntryFacts) -> bool:
    """Return whether a case on such a road never comes to an entry of `kind`: a governor's, to a step for staff."""
    roads = [
        rule
        for rule in facts.opening.process.rules
        if isinstance(rule, NotBetween) and not rule.stops_clocks and "case_routed" in rule.opens.event
    ]
    return any(
        kind in rule.then.event and not rule.then.where and is_between(rule.opens, rule.closes, facts.past)
        for rule in roads
    )


def _offers(kinds: Sequence[str], person: str, facts: EntryFacts) -> tuple[Offer, ...]:
    return tuple(_offer(kind, person, facts) for kind in kinds)


def _offer(kind: str, person: str, facts: EntryFacts) -> Offer:
    form = FORMS[kind]
    return Offer(
        kind=kind,
        title=form.title,
        lead=form.lead,
        clauses=clauses_of(facts.opening.process, kind),
        source=form.source,
        not_yet=not_yet(kind, person, facts),
    )


def clauses_of(process: Process, kind: str) -> tuple[str, ...]:
    """Return the clauses of the pack that ask for an entry of `kind`, or say what has to come before it."""
    asking = [task.clause for task in process.tasks if kind in task.done_by.event]
    if process.reviews is not None and kind in process.reviews.done_by.event:
        asking.append(process.reviews.clause)
    asking += [rule.clause for rule in process.rules if kind in rule.then.event]
    return tuple(dict.fromkeys(asking))


def not_yet(kind: str, person: str, facts: EntryFacts) -> NotYet | None:
    """Return why `person` may not record an entry of `kind` about any of the allegations yet; None where they may."""
    keys = tuple(facts.known.allegations) if FORMS[kind].about != "no" else ()
    found = [_forbidding(kind, person, facts, (key,)) for key in keys] or [_forbidding(kind, person, facts, ())]
    if None in found or found[0] is None:
        return None
    return NotYet(why=_why(found[0], kind, facts.past), clause=found[0].clause)


def _forbidding(kind: str, person: str, facts: EntryFacts, about: tuple[str, ...]) -> OrderRule | None:
    """Return the rule that would forbid such an entry, whatever else it says."""
    # What the form still asks for is not there yet, so this is no entry that could be recorded.
    entry: AnyEntry = KINDS[kind].model_construct(by=person, allegations=about)  # type: ignore[assignment]
    return forbidding_rule(facts.opening.process.rules, facts.past, entry)


def _why(rule: OrderRule, kind: str, past: Sequence[AnyEvent]) -> str:
    match rule:
        case Before():
            return f"First, this has to be on record: {things(rule.first.event)}"
        case Permitted():
            latest = any(matches(rule.first, event) for event in past)
            return f"{_upper(things(rule.first.event))} {'does not permit it' if latest else 'is not on record'}"
        case NotBetween():
            opens, closes = things(rule.opens.event), things(rule.closes.event)
            return f"It waits since this was recorded: {opens}. Once this is on record it goes on: {closes}"
        case DifferentPeople():
            other = rule.first if kind in rule.then.event else rule.then
            return f"It takes somebody else, because you had a part in this: {things(other.event)}"


def things(kinds: Sequence[str]) -> str:
    """Return what entries of `kinds` are called inside a sentence."""
    return listed(tuple(_thing(kind) for kind in kinds), "or")


def _thing(kind: str) -> str:
    return FORMS[kind].thing if kind in FORMS else _REMARKS.get(kind, kind.replace("_", " "))


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]
