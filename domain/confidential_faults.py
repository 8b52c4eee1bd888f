"""What can be wrong with a confidential process: above all, that it would let something precede the advice."""

from collections.abc import Iterator
from typing import Any, Final

from pydantic import TypeAdapter

from domain.allegations import GATED
from domain.entries import LadoAdviceRecorded, LadoReferralMade, OneEntry
from domain.events import AnyEvent
from domain.order import forbidding_rule
from domain.pack import Pack, Process
from domain.pack_fault import PackFault

SEATS: Final = {
    "allegation": frozenset({"case_manager"}),
    "disciplinary": frozenset({"case_manager", "investigator", "decider", "appeal"}),
}
"""The seats of each confidential process, which a route fills; the investigator is appointed."""

_ENTRY: Final[TypeAdapter[AnyEvent]] = TypeAdapter(OneEntry)
_REQUIRED: Final[dict[str, dict[str, Any]]] = {
    "investigation_started": {"investigator": "x"},
    "interview_held": {"with_whom": "x"},
    "subject_told": {"subject": "s1", "told": "x"},
    "suspension_decided": {"subject": "s1", "suspended": True, "alternatives": "x", "reasons": "x"},
    "disciplinary_opened": {"subject": "s1"},
}


def confidential_faults(pack: Pack, process: Process) -> Iterator[PackFault]:
    """Yield everything that is wrong with a confidential process."""
    file = f"processes/{process.key}.toml"
    seats = {seat.key for seat in pack.seats}
    topics = {topic.key for topic in process.topics}
    if not process.routes:
        yield PackFault(file, "routes", "must name at least one")
    elif process.routes[-1].subjects or process.routes[-1].topics or process.routes[-1].involved:
        yield PackFault(file, f"routes.{process.routes[-1].key}", "the last has to take every matter that is left")
    needed = SEATS[process.story] - {"investigator"}
    for route in process.routes:
        where = f"routes.{route.key}"
        for seat in sorted(needed - route.ladders.keys()):
            yield PackFault(file, f"{where}.ladders", f"does not say who is {seat}")
        named = {*route.told, *route.involved, *(key for ladder in route.ladders.values() for key in ladder)}
        for seat in sorted(named - seats):
            yield PackFault(file, where, f"there is no seat {seat}")
        for topic in sorted(set(route.topics) - topics):
            yield PackFault(file, f"{where}.topics", f"there is no topic {topic}")
    for task in process.tasks:
        if task.seat not in SEATS[process.story]:
            yield PackFault(file, f"tasks.{task.key}.seat", f"no such process has a {task.seat}")
    for seat in sorted(set(process.custodians) - seats):
        yield PackFault(file, "custodians", f"there is no seat {seat}")
    if process.retention is None:
        yield PackFault(file, "retention", "does not say for how long a case is kept")
    if process.story == "allegation":
        yield from _ungated(file, process)


def _ungated(file: str, process: Process) -> Iterator[PackFault]:
    """Yield a fault for everything that the rules would let precede the advice (Cadmus 10.1, ALLEG-04)."""
    for kind, permit in GATED.items():
        about = {"kind": kind, "allegations": ("one",), **_REQUIRED[kind]}
        event = _ENTRY.validate_python(about)
        if any(forbidding_rule(process.rules, past, event) is None for past in _too_early(permit is not None)):
            yield PackFault(file, "rules", f"none keeps {kind} from coming before the LADO's advice about it")
    advice = _advice("one")
    if (
        forbidding_rule(process.rules, (), advice) is None
        or forbidding_rule(process.rules, _referred("two"), advice) is None
    ):
        yield PackFault(file, "rules", "none keeps lado_advice_recorded from coming before the referral")


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
