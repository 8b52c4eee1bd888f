"""Whether the order rules of a confidential process let something happen too early, found by trying it.

A rule is not looked for by its name: each entry that has to wait is tried after everything that is not enough for it.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from pydantic import TypeAdapter

from domain.allegations import GATED, Allegation, Clearance, Procedure
from domain.entries import (
    CaseCleared,
    CaseHalted,
    CaseRouted,
    LadoAdviceRecorded,
    LadoReferralMade,
    OneEntry,
    PoliceHoldPlaced,
    PoliceHoldReleased,
    SafeguardingConcernRaised,
)
from domain.events import AnyEvent
from domain.order import forbidding_rule, is_between
from domain.pack import DifferentPeople, NotBetween, OrderRule, Process
from domain.pack_fault import PackFault

FREE: Final = (
    "police_contacted",
    "social_care_contacted",
    "body_contacted",
    "interim_safeguard_taken",
    "breach_reported",
    "support_offered",
    "custody_recorded",
    "message_written",
    "calls_made",
    "people_recused",
    "subject_corrected",
    "safeguarding_concern_raised",
    "lado_referral_made",
    "police_hold_placed",
)
"""What no rule may hold up: it keeps children from harm, or tells somebody who has to know."""

STEPS: Final = (
    "procedure_chosen",
    "investigator_appointed",
    "notice_given",
    "investigation_started",
    "interview_held",
    "investigation_reported",
    "suspension_decided",
    "subject_told",
    "case_to_answer_decided",
    "hearing_called",
    "hearing_held",
    "decision_made",
)
"""The steps of a disciplinary case, none of which comes before it is cleared."""

_DECIDES: Final = ("case_to_answer_decided", "hearing_held", "decision_made", "appeal_decided")
_WARNINGS: Final = ("first_warning", "final_warning")
_FOR_STAFF: Final = (*_WARNINGS, "dismissal", "dismissal_without_notice")

_ALLEGATION: Final = Allegation(key="one", subject="s1", topic="other", what="x")
_ENTRY: Final[TypeAdapter[AnyEvent]] = TypeAdapter(OneEntry)
_REQUIRED: Final[dict[str, dict[str, Any]]] = {
    "police_contacted": {"method": "phone", "spoke_to": "x"},
    "social_care_contacted": {"method": "phone", "spoke_to": "x"},
    "body_contacted": {"body": "x"},
    "interim_safeguard_taken": {"measure": "x"},
    "breach_reported": {"what": "x", "who": "x"},
    "support_offered": {"to": "victim", "what": "x", "taken": "yes"},
    "custody_recorded": {"item": "x", "place": "x", "key_holder": "x"},
    "message_written": {"text": "x"},
    "calls_made": {"reached": "yes"},
    "people_recused": {"people": ("x",)},
    "subject_corrected": {"subject": {"key": "s1", "name": "x", "category": "employee"}},
    "safeguarding_concern_raised": {"allegation": _ALLEGATION},
    "lado_referral_made": {"method": "phone", "spoke_to": "x"},
    "police_hold_placed": {"who": "x"},
    "investigation_started": {"investigator": "x"},
    "interview_held": {"with_whom": "x"},
    "subject_told": {"subject": "s1", "told": "x"},
    "suspension_decided": {"subject": "s1", "suspended": True, "alternatives": "x", "reasons": "x"},
    "disciplinary_opened": {"subject": "s1"},
    "triage_recorded": {"at_risk": "no", "reason": "x", "name": "x"},
    "procedure_chosen": {"procedure": "x", "severity": "minor", "reasons": "x"},
    "investigator_appointed": {"person": "ivy"},
    "notice_given": {"letter": "x"},
    "investigation_reported": {"findings": "x"},
    "case_to_answer_decided": {"answer": "yes", "reasons": "x"},
    "hearing_called": {"on": "2027-01-11", "letter": "x"},
    "hearing_held": {"present": "x"},
    "decision_made": {"sanction": "no_action", "reasons": "x"},
    "appeal_decided": {"upheld": "yes", "reasons": "x"},
}


def gate_faults(file: str, process: Process) -> Iterator[PackFault]:
    """Yield a fault for everything that the rules let happen too early, and for everything free that they hold up."""
    for reason in (*_held_up(process.rules), *_unheld(process)):
        yield PackFault(file, "rules", reason)
    found = _before_the_advice(process.rules) if process.story == "allegation" else _uncleared(process)
    for reason in found:
        yield PackFault(file, "rules", reason)


def _entry(kind: str, by: str = "hal", **more: Any) -> AnyEvent:  # noqa: ANN401 -- what an entry says
    return _ENTRY.validate_python({"kind": kind, "by": by, "allegations": ("one",), **_REQUIRED[kind], **more})


def _passes(rules: Sequence[OrderRule], past: Sequence[AnyEvent], event: AnyEvent) -> bool:
    return forbidding_rule(rules, past, event) is None


# An allegation.


def _before_the_advice(rules: Sequence[OrderRule]) -> Iterator[str]:
    """Yield what the rules let precede the advice about the same allegation (Cadmus 10.1, ALLEG-04)."""
    for kind, permit in GATED.items():
        if any(_passes(rules, past, _entry(kind)) for past in _too_early(permit is not None)):
            yield f"none keeps {kind} from coming before the LADO's advice about it"
    for past in ((), _referred("two")):
        if _passes(rules, past, _advice("one")):
            yield "none keeps lado_advice_recorded from coming before the referral"
            return


def _too_early(permitted: bool) -> Iterator[tuple[AnyEvent, ...]]:
    """Yield what may have happened when nothing internal may happen yet about the allegation `one`."""
    yield ()
    yield _referred("one")
    yield (*_referred("one"), *_referred("two"), _advice("two"))
    if permitted:
        yield (*_referred("one"), _advice("one", permits=False))
        yield (*_referred("one"), _advice("one"), _advice("one", permits=False))


def _referred(key: str) -> tuple[AnyEvent, ...]:
    return (LadoReferralMade(allegations=(key,), method="phone", spoke_to="x"),)


def _advice(key: str, permits: bool = True) -> LadoAdviceRecorded:
    return LadoAdviceRecorded(
        allegations=(key,),
        giver="x",
        method="phone",
        advice="employer_investigation" if permits else "strategy_discussion",
        permits=("investigate", "tell_subject", "open_disciplinary") if permits else (),
    )


# A disciplinary case.


def _uncleared(process: Process) -> Iterator[str]:
    """Yield what the rules let happen before a case is cleared, by the wrong person, or on the wrong road."""
    rules = process.rules
    new_facts = (_cleared(), SafeguardingConcernRaised(allegation=_ALLEGATION))
    for kind in STEPS:
        if _passes(rules, (), _entry(kind)):
            yield f"none keeps {kind} from coming before the case is cleared"
        if _passes(rules, new_facts, _entry(kind)):
            yield f"none keeps {kind} from coming after new facts and before the LADO's advice about them"
        if _passes(rules, (_cleared(), CaseHalted()), _entry(kind)):
            yield f"none keeps {kind} from coming after the LADO's leave was taken back"
    if _passes(rules, new_facts, _entry("triage_recorded")):
        yield "none keeps triage_recorded from clearing a case that new facts hold"
    yield from _decided_by_the_wrong_person(rules)
    yield from _on_the_wrong_road(process)


def _cleared() -> CaseCleared:
    return CaseCleared(clearance=Clearance(case="x", n=1, hash=""))


def _decided_by_the_wrong_person(rules: Sequence[OrderRule]) -> Iterator[str]:
    """Yield who could judge their own work: investigator, decider and whoever hears the appeal are three people."""
    apart = [rule for rule in rules if isinstance(rule, DifferentPeople)]
    for kind in _DECIDES:
        if _passes(apart, [_entry("investigator_appointed")], _entry(kind, by="ivy")):
            yield f"none keeps {kind} from whoever was appointed to investigate"
    for kind in ("case_to_answer_decided", "decision_made"):
        if _passes(apart, [_entry(kind, by="dee")], _entry("appeal_decided", by="dee")):
            yield f"none keeps appeal_decided from whoever recorded {kind}"


def _on_the_wrong_road(process: Process) -> Iterator[str]:
    """Yield what could come of a matter that is not of its procedure (Cadmus 9.2 and 12.2, DISC-06, DISC-07)."""
    roads = {route.procedure for route in process.routes}
    done = [_cleared(), *(_entry(kind) for kind in STEPS if kind != "decision_made")]
    for road in sorted(roads - {"staff", "central_staff"}):
        past = [_routed(road), *done]
        for sanction in _FOR_STAFF:
            if _passes(process.rules, past, _entry("decision_made", by="dee", sanction=sanction)):
                yield f"none keeps the sanction {sanction} from the procedure {road}"
        if _passes(process.rules, past, _entry("procedure_chosen")):
            yield f"none keeps procedure_chosen, which is for staff, from the procedure {road}"


def _routed(procedure: Procedure) -> CaseRouted:
    return CaseRouted(route="x", ladder=(), told=(), procedure=procedure, recused=())


# Both.


def _held_up(rules: Sequence[OrderRule]) -> Iterator[str]:
    """Yield what the rules hold up although it waits for nobody's leave."""
    placed = PoliceHoldPlaced(who="x")
    concern = SafeguardingConcernRaised(allegation=_ALLEGATION)
    for kind in FREE:
        if any(not _passes(rules, past, _entry(kind)) for past in ((), (placed,), (_cleared(), concern))):
            yield f"{kind} waits for nobody, and a rule holds it up"


def _unheld(process: Process) -> Iterator[str]:
    """Yield that nothing stands still while the police ask for it, where no rule says so (MTOAT, ALLEG-18)."""
    placed, released = PoliceHoldPlaced(who="x"), PoliceHoldReleased(who="x")
    holds = [rule for rule in process.rules if isinstance(rule, NotBetween) and rule.stops_clocks]
    held = any(
        is_between(rule.opens, rule.closes, [placed]) and not is_between(rule.opens, rule.closes, [placed, released])
        for rule in holds
    )
    if not held:
        yield "none stops the clocks from police_hold_placed to police_hold_released"
