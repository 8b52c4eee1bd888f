"""What may never happen in a case, whatever the rules of its pack say: the gate by which a pack itself is tried.

The pack's own rules guard a case while it runs; these here do not, so that a pack whose rules or whose story let
something through is found out all the same.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from domain.allegations import GATED, Category
from domain.base import Frozen
from domain.cases import Opening, ToOpen
from domain.entries import (
    AllegationRecorded,
    CaseRouted,
    Entry,
    LadoAdviceRecorded,
    MatterRecorded,
    PeopleRecused,
    SubjectCorrected,
)
from domain.events import (
    AnyEvent,
    Approved,
    AskMoved,
    AskOpened,
    Escalated,
    Rejected,
    RequestEdited,
    RequestSubmitted,
    Returned,
    SiteApproved,
)
from domain.order import about, forbidding_rule, standing
from domain.pack import Before, DifferentPeople, EventMatch, NotBetween, OrderRule, Permitted, Process, Step
from domain.words import listed

_INSIDE: Final = ("investigation_started", "interview_held", "subject_told", "suspension_decided")
_ENDS: Final = ("case_to_answer_decided", "hearing_called", "hearing_held", "decision_made", "appeal_decided")


class Broken(Frozen):
    """Something that happened and may not: the rule in words, and where it comes from."""

    says: str
    clause: str


def broken(opening: Opening, past: Sequence[AnyEvent], event: AnyEvent) -> Broken | None:
    """Return what `event` breaks after `past`: a rule of the pack, or what holds whatever the pack says."""
    rule = forbidding_rule(opening.process.rules, past, event)
    if rule is not None:
        return Broken(says=in_words(rule), clause=rule.clause)
    rule = forbidding_rule(reference(opening.process), past, event)
    if rule is not None:
        return Broken(says=in_words(rule), clause=rule.clause)
    said = next((said for check in _CHECKS if (said := check(opening, past, event))), None)
    return Broken(says=said, clause="Duly") if said else None


def wrongly_opened(opened: ToOpen, past: Sequence[AnyEvent]) -> Broken | None:
    """Return what is wrong with a case that is opened out of this one: a disciplinary one that no advice clears."""
    if opened.story != "disciplinary":
        return None
    advice = past[opened.cleared_by - 1] if opened.cleared_by else None
    about_it = {one.key for one in opened.matter.allegations}
    clears = (
        isinstance(advice, LadoAdviceRecorded) and "open_disciplinary" in advice.permits and about_it <= about(advice)
    )
    if clears:
        return None
    return Broken(
        says="a disciplinary case was opened about an allegation of which no advice of the LADO permits it",
        clause="10.1",
    )


def in_words(rule: OrderRule) -> str:
    """Return an order rule as one sentence."""
    match rule:
        case Before():
            each = {"version": " of the same version", "allegation": " about the same allegation", None: ""}[rule.same]
            return f"{_event(rule.then)} happened without {_event(rule.first)} before it{each}"
        case Permitted():
            return f"{_event(rule.then)} happened although the latest {_event(rule.first)} about it does not permit it"
        case NotBetween():
            return f"{_event(rule.then)} happened after {_event(rule.opens)} and without {_event(rule.closes)} since"
        case DifferentPeople():
            return f"the same person did {_event(rule.first)} and {_event(rule.then)}"


def _event(pattern: EventMatch) -> str:
    kinds = " or ".join(kind.replace("_", " ") for kind in pattern.event)
    said = [*(f"{name} {' or '.join(wanted)}" for name, wanted in pattern.where.items())]
    said += [f"step {pattern.step}"] if pattern.step else []
    said += [f"confirmation {pattern.confirmation}"] if pattern.confirmation else []
    return f"“{kinds}{f' ({listed(tuple(said))})' if said else ''}”"


def reference(process: Process) -> tuple[OrderRule, ...]:
    """Return the order rules that hold for the story of `process`, whatever its pack says.

    Source: Cadmus 10.1 (ALLEG-04), 3.4 and 16.6; Newall Green 13.1 (DISC-01, DISC-21, SITE-18).
    """
    return _REFERENCE.get(process.story, ())


def _before(first: str, then: tuple[str, ...], same: str | None = None, **where: str) -> OrderRule:
    key = f"{first}-before-{then[0]}"
    found = {"event": then, "where": where}
    return Before.model_validate(
        {
            "rule": "before",
            "key": key.replace("_", "-"),
            "first": {"event": first},
            "then": found,
            "same": same,
            "clause": "10.1",
        }
    )


_BEFORE_ADVICE: Final = (
    _before("lado_referral_made", ("lado_advice_recorded",), "allegation"),
    _before("lado_advice_recorded", tuple(GATED), "allegation"),
    *(
        Permitted(
            rule="permitted",
            key=f"permitted-{kind.replace('_', '-')}",
            first=EventMatch(event=("lado_advice_recorded",)),
            then=EventMatch(event=(kind,)),
            permit=permit,
            clause="10.1",
        )
        for kind, permit in GATED.items()
        if permit is not None
    ),
    _before("disciplinary_opened", ("case_opened",), story="disciplinary"),
)
_REFERENCE: Final[dict[str, tuple[OrderRule, ...]]] = {
    "site_creation": (_before("site_approved", ("site_registered",)),),
    "allegation": _BEFORE_ADVICE,
    "disciplinary": (
        _before("case_cleared", (*_INSIDE, *_ENDS)),
        NotBetween(
            rule="not_between",
            key="held-by-new-facts",
            opens=EventMatch(event=("safeguarding_concern_raised",)),
            closes=EventMatch(event=("case_cleared",)),
            then=EventMatch(event=(*_INSIDE, *_ENDS)),
            clause="10.1",
        ),
        *(
            DifferentPeople(
                rule="different_people",
                key=f"{first[0]}-and-{then[0]}".replace("_", "-"),
                first=EventMatch(event=first),
                then=EventMatch(event=then),
                clause="13.1",
            )
            for first, then in (
                (("interview_held", "investigation_reported"), ("decision_made",)),
                (("interview_held", "investigation_reported", "decision_made"), ("appeal_decided",)),
            )
        ),
    ),
}


def _not_approved(opening: Opening, past: Sequence[AnyEvent], event: AnyEvent) -> str | None:
    """Say so where a site is approved without every step of its process (SITE-18)."""
    if not isinstance(event, SiteApproved):
        return None
    missing = [step.title for step in opening.process.steps if not _is_approved(opening, step, past)]
    return f"a site was approved without the approval of {listed(tuple(missing))}" if missing else None


def _is_approved(opening: Opening, step: Step, past: Sequence[AnyEvent]) -> bool:
    keys = [one.key for one in opening.process.steps]
    changes = opening.process.changes
    stays = changes is not None and keys.index(step.key) < keys.index(changes.back_to)
    version = max((one.version for one in past if isinstance(one, RequestEdited)), default=1)
    seats = {one.ask: one.seat for one in past if isinstance(one, AskOpened)}
    approved = {
        seats[one.ask]
        for one in standing(past)
        if isinstance(one, Approved) and one.step == step.key and (stays or one.version == version)
    }
    return bool(approved) if step.needs == "any" else approved >= set(step.seats)


def _own(opening: Opening, past: Sequence[AnyEvent], event: AnyEvent) -> str | None:
    """Say so where somebody decides what is or was their own request."""
    del opening
    if not isinstance(event, Approved | Rejected | Returned):
        return None
    own = {who for one in past if isinstance(one, RequestSubmitted | RequestEdited) for who in (one.by, one.author)}
    return "somebody decided their own request" if event.by in own else None


def _twice(opening: Opening, past: Sequence[AnyEvent], event: AnyEvent) -> str | None:
    """Say so where an ask is answered a second time."""
    del opening
    answers = (Approved, Rejected, Returned)
    if not isinstance(event, answers):
        return None
    again = any(isinstance(one, answers) and one.ask == event.ask for one in past)
    return "an ask was answered twice" if again else None


def _recused(opening: Opening, past: Sequence[AnyEvent], event: AnyEvent) -> str | None:
    """Say so where somebody who may not learn of a case is asked in it, or records something (ALLEG-11)."""
    if opening.matter is None:
        return None
    recused = {*opening.matter.recused, *(who for one in past for who in _recused_by(one))}
    if isinstance(event, AskOpened | AskMoved | Escalated):
        asked = {one.person for one in event.asked or ()}
        return "somebody was asked who may not learn of the case" if asked & recused else None
    acts = isinstance(event, Entry) and event.by in recused
    return "somebody recorded something who may not learn of the case" if acts else None


def _recused_by(event: AnyEvent) -> Iterator[str]:
    match event:
        case PeopleRecused():
            yield from event.people
        case SubjectCorrected():
            yield from event.recused
            yield from (event.subject.person,) if event.subject.person else ()
        case AskMoved(why="stepped_aside") if event.by is not None:
            yield event.by
        case _:
            pass


def _governor(opening: Opening, past: Sequence[AnyEvent], event: AnyEvent) -> str | None:
    """Say so where a governor enters the procedure for staff (Cadmus 12.2, DISC-07)."""
    is_staff = isinstance(event, CaseRouted) and event.procedure in {"staff", "central_staff"}
    if not is_staff or opening.process.story != "disciplinary":
        return None
    subjects = {
        subject.key: subject
        for one in past
        if isinstance(one, AllegationRecorded | MatterRecorded | SubjectCorrected)
        for subject in ((one.subject,) if isinstance(one, SubjectCorrected) else one.subjects)
    }
    is_one = any(subject.category is Category.GOVERNOR for subject in subjects.values())
    return "a governor came under the procedure for staff" if is_one else None


_CHECKS: Final[tuple[Callable[[Opening, Sequence[AnyEvent], AnyEvent], str | None], ...]] = (
    _not_approved,
    _own,
    _twice,
    _recused,
    _governor,
)
