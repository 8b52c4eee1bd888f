"""What happened, in words: one sentence for each event, and what was answered to each ask."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from domain.base import Frozen
from domain.calendar import local_day
from domain.cases import Opening
from domain.events import (
    AnyEvent,
    Approved,
    AskClosed,
    AskOpened,
    CaseEnded,
    Confirmed,
    Escalated,
    Recorded,
    Rejected,
    Reminded,
    RequestSubmitted,
    RequestWithdrawn,
    SiteApproved,
    SiteRegistered,
    StepRefused,
)
from domain.words import day_in_words, listed


class Told(Frozen):
    """An event in words: its number, when it happened, and what."""

    n: int
    at: datetime
    words: str


class Given(Frozen):
    """An answer that was given: by whom, in which seat, in whose stead, what, why, and under which words."""

    ask: str
    step: str
    seat: str
    person: str
    name: str
    instead_of: str
    approves: bool
    at: datetime
    comment: str
    signature: str
    attestation: str
    confirmed: tuple[str, ...]


class Teller:
    """Tells the events of one case in the school's own words. `names` are those of people, by id."""

    def __init__(self, opening: Opening, names: Mapping[str, str]) -> None:
        """Tell of the case that began with `opening`."""
        self._process = opening.process
        self._seats = {seat.key: seat.title for seat in opening.seats}
        self._names = names

    def told(self, history: Sequence[Recorded]) -> tuple[Told, ...]:
        """Return every event in words, in order."""
        return tuple(Told(n=said.n, at=said.at, words=self._words(said.event)) for said in history)

    def given(self, history: Sequence[Recorded]) -> tuple[Given, ...]:
        """Return every answer that was given, in order."""
        confirmed = [said.event for said in history if isinstance(said.event, Confirmed)]
        return tuple(
            self._given(said.event, said.at, [one for one in confirmed if one.ask == said.event.ask])
            for said in history
            if isinstance(said.event, Approved | Rejected)
        )

    def _given(self, event: Approved | Rejected, at: datetime, confirmed: Sequence[Confirmed]) -> Given:
        return Given(
            ask=event.ask,
            step=self._step(event.step),
            seat=self._seat(event.seat),
            person=event.by,
            name=self._name(event.by),
            instead_of=self._name(event.instead_of) if event.instead_of else "",
            approves=isinstance(event, Approved),
            at=at,
            comment=event.comment,
            signature=event.signature.name,
            attestation=event.signature.attestation,
            confirmed=tuple(self._confirmation(one) for one in confirmed),
        )

    def _words(self, event: AnyEvent) -> str:
        match event:
            case RequestSubmitted():
                on_behalf = "" if event.by == event.author else f" for {self._name(event.author)}"
                return f"{self._name(event.by)} sent the request{on_behalf}"
            case AskOpened():
                return f"The {self._seat(event.seat)} was asked, to answer by {day_in_words(local_day(event.due))}"
            case Reminded():
                return f"Reminder {event.count} went to those asked for the step “{self._step(event.step)}”"
            case Escalated():
                seats = listed(tuple(f"the {self._seat(seat)}" for seat in event.to)) or "nobody"
                return f"Nobody had answered the step “{self._step(event.step)}”: {seats} was told"
            case Approved():
                return f"{self._name(event.by)} approved as {self._seat(event.seat)}{self._stead(event.instead_of)}"
            case Rejected():
                return f"{self._name(event.by)} rejected as {self._seat(event.seat)}{self._stead(event.instead_of)}"
            case Confirmed():
                return f"{self._name(event.by)} confirmed: {self._confirmation(event)}"
            case AskClosed():
                why = {
                    "lapsed": "lapsed without an answer",
                    "no_longer_needed": "was no longer needed",
                    "withdrawn": "ended with the request",
                }[event.why]
                return f"The step “{self._step(event.step)}” {why}"
            case RequestWithdrawn():
                return f"{self._name(event.by)} withdrew the request"
            case SiteApproved():
                return "The site was approved: it may be created"
            case SiteRegistered():
                return f"“{event.title}” entered the register of approved sites"
            case StepRefused():
                return f"Something was refused because of {event.clause}; it did not happen"
            case CaseEnded():
                return f"The request ended: {event.outcome}"

    def _name(self, person: str) -> str:
        return self._names.get(person, "Somebody who is no longer in the directory")

    def _seat(self, key: str) -> str:
        return self._seats.get(key, key)

    def _step(self, key: str) -> str:
        step = self._process.step(key)
        return step.title if step else key

    def _stead(self, person: str | None) -> str:
        return f", in place of {self._name(person)}" if person else ""

    def _confirmation(self, event: Confirmed) -> str:
        step = self._process.step(event.step)
        known = {one.key: one.label for one in step.confirmations} if step else {}
        return known.get(event.confirmation, event.confirmation)
