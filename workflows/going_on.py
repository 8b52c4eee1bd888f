"""What a case takes along that begins again in the midst of things, so that nobody notices."""

from datetime import date
from typing import TYPE_CHECKING

from domain.calendar import Calendar, local_day
from domain.cases import Carried, Opening, Replied, Request
from domain.events import (
    AnyEvent,
    Approved,
    AskMoved,
    Confirmed,
    DecisionDisputed,
    HoldReleased,
    Rejected,
    RequestEdited,
)
from domain.fields import Value
from domain.round_entries import AnyRoundEntry, AnyRoundRemark, DateComing
from domain.versions import as_they_stand
from workflows.ask import Ask

if TYPE_CHECKING:
    from workflows.case import Case


def on_record(opening: Opening) -> Opening:
    """Return `opening` as the record keeps it: what a case carries is on record already."""
    return opening.model_copy(update={"carried": None, "replied": ()})


def how_many(case: "Case") -> int:
    """Return how many of the events of the past were taken along from before the case began again."""
    return len(case.opening.carried.events) if case.opening.carried is not None else 0


def stood(case: "Case") -> tuple[dict[str, Value], dict[str, Value]]:
    """Return the answers that stood before the latest change was approved, and those that stand since."""
    taken_along = case.opening.carried
    begun = case.opening.request.answers
    before, since = (begun, begun) if taken_along is None else (taken_along.stood, taken_along.stands)
    return as_they_stand(case.past[how_many(case) :], before, since)


def count_on(case: "Case", calendar: Calendar | None = None) -> None:
    """Have the case that begins again count on, by the school's calendar where it is given, and do nothing twice."""
    if case.next_opening is None:
        return
    taken_along = case.next_opening.carried
    on = {
        "events": case.n,
        "asked": case.opening.asked + len(case.asks) - (len(taken_along.asks) if taken_along is not None else 0),
        "calendar": calendar or case.next_opening.calendar,
        "replied": tuple(Replied(digest=act.digest, reply=reply) for act, reply in case.lately),
    }
    case.next_opening = case.next_opening.model_copy(update=on)


def carried(case: "Case", approved: Request, before: Request, own: frozenset[str], days: dict[str, date]) -> Carried:
    """Return what `case` still has to know: the story says the rest, as `Case.go_on` has it."""
    asks = [ask for ask in case.asks.values() if ask.is_open or ask.waited or _stands(case, ask)]
    stood_before, stands = stood(case)
    return Carried(
        events=_that_matter(case, frozenset(ask.id for ask in asks)),
        asks=tuple(ask.carry() for ask in asks),
        request=case.request,
        approved=approved,
        before=before,
        stands=stands,
        stood=stood_before,
        own=tuple(sorted(own)),
        set_apart=tuple(sorted(case.set_apart)),
        apart=tuple(sorted(case.apart)),
        void=tuple(sorted(case.void & {ask.id for ask in asks})),
        present=case.present,
        days=days,
    )


def _stands(case: "Case", ask: Ask) -> bool:
    """Return whether the latest version was decided by the answer to `ask`: it may yet be found void."""
    return isinstance(ask.decision, Approved | Rejected) and ask.version == case.request.version


def _that_matter(case: "Case", asks: frozenset[str]) -> tuple[AnyEvent, ...]:
    """Return the events that a case goes by still once it has begun again, `asks` being those it takes along.

    Of each thing that is said of what comes round the latest; the dates to come that somebody was told of; who stepped
    aside; and what became of the answers that it takes along.
    """
    today, latest = local_day(case.now()), {event.kind: place for place, event in enumerate(case.past)}

    def matters(place: int, event: AnyEvent) -> bool:
        match event:
            case DateComing():
                return event.on >= today
            case AskMoved():
                return event.why == "stepped_aside"
            case Approved() | Rejected() | Confirmed() | DecisionDisputed() | HoldReleased():
                return event.ask in asks
            case RequestEdited():
                return latest[event.kind] == place
            case _:
                return isinstance(event, AnyRoundEntry | AnyRoundRemark) and latest[event.kind] == place

    return tuple(event for place, event in enumerate(case.past) if matters(place, event))
