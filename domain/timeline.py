"""A case along time: how long each seat was asked, what was done to get an answer, and when all clocks stood still."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final, Literal, TypeAlias

from domain.asking import AUTHOR
from domain.base import Frozen
from domain.calendar import CalendarTooShortError, days_between, local_day
from domain.cases import Opening
from domain.events import (
    AnyEvent,
    Approved,
    AskClosed,
    AskMoved,
    AskOpened,
    CaseEnded,
    DecisionDisputed,
    Escalated,
    Extended,
    HoldReleased,
    Nudged,
    Recorded,
    Rejected,
    Reminded,
    RequestEdited,
    Returned,
)
from domain.pack import ROUNDS
from domain.words import day_in_words, listed

SignKind: TypeAlias = Literal["reminded", "escalated", "moved", "longer", "changed", "approved", "returned", "rejected"]
"""What was done in a stretch: a reminder, an escalation, somebody else asked, more time, a change, or an answer."""

SIGNS: Final[dict[SignKind, str]] = {
    "reminded": "Reminded",
    "escalated": "Taken further",
    "moved": "Somebody else asked",
    "longer": "More time",
    "changed": "Changed",
    "approved": "Approved",
    "returned": "Returned",
    "rejected": "Rejected",
}
_KINDS: Final[dict[type[AnyEvent], SignKind]] = {
    Reminded: "reminded",
    Nudged: "reminded",
    Escalated: "escalated",
    AskMoved: "moved",
    Extended: "longer",
    RequestEdited: "changed",
    Approved: "approved",
    Returned: "returned",
    Rejected: "rejected",
}
_CLOSED: Final = {
    "lapsed": "lapsed",
    "no_longer_needed": "no longer needed",
    "withdrawn": "ended with the request",
    "cancelled": "ended with the request",
    "done": "done",
}


class Sign(Frozen):
    """Something that was done in a stretch, and when."""

    kind: SignKind
    at: datetime


class Stretch(Frozen):
    """Time in which something was open: from when until when (None: it is open), and by when it was to be done.

    `words` is how it stands or ended, `days` how many working days it took so far, where the calendar knows them.
    """

    title: str
    words: str
    first: datetime
    last: datetime | None = None
    due: datetime | None = None
    signs: tuple[Sign, ...] = ()
    days: int | None = None

    @property
    def told(self) -> str:
        """Return what was done in it, in words."""
        days = [f"{SIGNS[sign.kind].lower()} on {day_in_words(local_day(sign.at))}" for sign in self.signs]
        said = listed(tuple(days))
        return said[:1].upper() + said[1:]


class Hold(Frozen):
    """Time in which all clocks stood still, because an answer was disputed; None: they do."""

    first: datetime
    last: datetime | None = None


class Timeline(Frozen):
    """A case along time, until `until`: the request, then every ask, in the order in which they were opened."""

    stretches: tuple[Stretch, ...]
    holds: tuple[Hold, ...]
    until: datetime


def timeline_of(opening: Opening, history: Sequence[Recorded], now: datetime) -> Timeline:
    """Return the timeline of a case that began with `opening`, as it is at `now`."""
    ended = next((said.at for said in history if isinstance(said.event, CaseEnded)), None)
    until = ended or now
    asks = [(said, said.event) for said in history if isinstance(said.event, AskOpened)]
    request = _request(opening, history, until, ended)
    stretches = (request, *(_asked(opening, *ask, history, until) for ask in asks)) if request else ()
    return Timeline(stretches=stretches, holds=tuple(_holds(history)), until=until)


def _request(opening: Opening, history: Sequence[Recorded], until: datetime, ended: datetime | None) -> Stretch | None:
    """Return the stretch of the whole request; None before anything happened."""
    if not history:
        return None
    outcome = next((said.event.outcome for said in history if isinstance(said.event, CaseEnded)), "")
    return Stretch(
        title="All of it" if opening.process.story in ROUNDS else "The request",
        words=outcome.replace("_", " ") if ended else "open",
        first=history[0].at,
        last=ended,
        signs=tuple(Sign(kind="changed", at=said.at) for said in history if isinstance(said.event, RequestEdited)),
        days=_working_days(opening, history[0].at, until),
    )


def _asked(
    opening: Opening, said: Recorded, opened: AskOpened, history: Sequence[Recorded], until: datetime
) -> Stretch:
    """Return the stretch of the ask that was `opened`, as was `said`."""
    of_it = [one for one in history if getattr(one.event, "ask", None) == opened.ask and one is not said]
    over = next((one for one in of_it if isinstance(one.event, Approved | Returned | Rejected | AskClosed)), None)
    before = [one for one in of_it if over is None or one.n <= over.n]
    due = next((one.event.due for one in reversed(before) if isinstance(one.event, Extended)), opened.due)
    title = "author, for changes" if opened.seat == AUTHOR else _seat(opening, opened.seat)
    return Stretch(
        title=title[:1].upper() + title[1:],
        words=_how(over.event) if over else "overdue" if due < until else "waiting",
        first=said.at,
        last=over.at if over else None,
        due=due,
        signs=tuple(Sign(kind=kind, at=one.at) for one in before if (kind := _KINDS.get(type(one.event)))),
        days=_working_days(opening, said.at, over.at if over else until),
    )


def _how(event: AnyEvent) -> str:
    return _CLOSED.get(event.why, "ended") if isinstance(event, AskClosed) else SIGNS[_KINDS[type(event)]].lower()


def _seat(opening: Opening, key: str) -> str:
    return next((seat.title for seat in opening.seats if seat.key == key), key)


def _working_days(opening: Opening, first: datetime, last: datetime) -> int | None:
    try:
        return days_between(local_day(first), local_day(last), opening.calendar)
    except CalendarTooShortError:
        return None


def _holds(history: Sequence[Recorded]) -> Iterator[Hold]:
    """Yield the times in which an answer or several were disputed."""
    disputed: set[str] = set()
    since: datetime | None = None
    for said in history:
        if isinstance(said.event, DecisionDisputed):
            since = since or said.at
            disputed.add(said.event.ask)
        elif isinstance(said.event, HoldReleased):
            disputed.discard(said.event.ask)
            if not disputed and since is not None:
                yield Hold(first=since, last=said.at)
                since = None
    if since is not None:
        yield Hold(first=since)
