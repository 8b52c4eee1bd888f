"""What happened, in words: one sentence for each event, and what was answered to each ask."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, TypeAlias

from domain.approvals import Earlier, counting
from domain.asking import AUTHOR
from domain.base import Frozen, How
from domain.calendar import local_day
from domain.cases import Opening
from domain.events import (
    AnyEvent,
    Approved,
    AskClosed,
    AskMoved,
    AskOpened,
    CaseCancelled,
    CaseEnded,
    Confirmed,
    DatePassed,
    DecisionDisputed,
    Escalated,
    Extended,
    HoldReleased,
    Nudged,
    PackChanged,
    Recorded,
    Rejected,
    Reminded,
    RequestEdited,
    RequestSubmitted,
    RequestUnfit,
    RequestWithdrawn,
    Returned,
    SiteApproved,
    SiteRegistered,
    StepRefused,
    Verdict,
)
from domain.pack import Story
from domain.people import Asked
from domain.round_entries import DESK
from domain.telling_entries import DULY, Names, entry_in_words
from domain.telling_rounds import OfARound, round_in_words
from domain.words import day_in_words, listed

VERDICTS: Final = {"approved": Verdict.APPROVE, "returned": Verdict.RETURN, "rejected": Verdict.REJECT}
"""What was answered, by the kind of the event that says so."""

_OfTheCase: TypeAlias = (
    RequestSubmitted
    | RequestEdited
    | RequestUnfit
    | DatePassed
    | PackChanged
    | RequestWithdrawn
    | CaseCancelled
    | SiteApproved
    | SiteRegistered
    | StepRefused
    | CaseEnded
)
_OfAnAsk: TypeAlias = AskOpened | AskMoved | Nudged | Extended | Reminded | Escalated | AskClosed
_OfAnAnswer: TypeAlias = Approved | Rejected | Returned | DecisionDisputed | HoldReleased | Confirmed

_ENDED: Final[dict[Story, str]] = {
    "site_life": "Looking after the site",
    "review": "The review",
    "acknowledgement": "The acknowledgement",
    "signature": "The signing",
    "question": "The question",
}
"""What ended with a case that is nobody's request, by what runs it."""


class Told(Frozen):
    """An event in words: its number, when it happened, and what.

    `by` is the name of whoever did it, empty where Duly did it by itself; `how` is how they were known, where the event
    says so. `version` is that of the form as it then was, `clause` the key of the clause that it goes by.
    """

    n: int
    at: datetime
    words: str
    by: str = ""
    how: How | None = None
    version: int = 1
    clause: str = ""


class Given(Frozen):
    """An answer that was given: by whom, in which seat, in whose stead, what, why, and under which words.

    `version` is that of the form; `void` says that it does not count any more, because the form has changed since,
    because it was disputed, or because its step has other words under the pack that the case goes by now.
    """

    ask: str
    step: str
    seat: str
    person: str
    name: str
    instead_of: str
    verdict: Verdict
    version: int
    void: bool
    at: datetime
    comment: str
    signature: str
    attestation: str
    confirmed: tuple[str, ...]

    @property
    def approves(self) -> bool:
        """Return whether the answer is an approval."""
        return self.verdict is Verdict.APPROVE


class Teller:
    """Tells the events of one case in the school's own words. `names` are those of people, by id.

    `earlier` is its process under packs that it went by before.
    """

    def __init__(self, opening: Opening, names: Mapping[str, str], earlier: Earlier | None = None) -> None:
        """Tell of the case that began with `opening`."""
        self._opening, self._earlier = opening, earlier or {}
        self._process = opening.process
        self._seats = {seat.key: seat.title for seat in opening.seats}
        self._names = names

    def told(self, history: Sequence[Recorded]) -> tuple[Told, ...]:
        """Return every event in words, in order."""
        told, version = [], 1
        for said in history:
            event = said.event
            version = event.version if isinstance(event, RequestEdited) else version
            by = getattr(event, "by", None)
            told.append(
                Told(
                    n=said.n,
                    at=said.at,
                    words=self._words(event),
                    by=self._name(by) if by and by != DULY else "",
                    how=getattr(event, "how", None),
                    version=version,
                    clause=self._clause(event),
                )
            )
        return tuple(told)

    def given(self, history: Sequence[Recorded]) -> tuple[Given, ...]:
        """Return every answer that was given, in order."""
        events = [said.event for said in history]
        counts = counting(self._opening, events, self._earlier)
        confirmed = [event for event in events if isinstance(event, Confirmed)]
        return tuple(
            self._given(
                said.event,
                said.at,
                [one for one in confirmed if one.ask == said.event.ask],
                void=said.event.ask not in counts,
            )
            for said in history
            if isinstance(said.event, Approved | Returned | Rejected)
        )

    def _given(
        self, event: Approved | Returned | Rejected, at: datetime, confirmed: Sequence[Confirmed], void: bool
    ) -> Given:
        return Given(
            ask=event.ask,
            step=self._step(event.step),
            seat=self._seat(event.seat),
            person=event.by,
            name=self._name(event.by),
            instead_of=self._name(event.instead_of) if event.instead_of else "",
            verdict=VERDICTS[event.kind],
            version=event.version,
            void=void,
            at=at,
            comment=event.comment,
            signature=event.signature.name,
            attestation=event.signature.attestation,
            confirmed=tuple(self._confirmation(one) for one in confirmed),
        )

    def _words(self, event: AnyEvent) -> str:
        if isinstance(event, OfARound):
            return round_in_words(event, self._name)
        if isinstance(event, _OfTheCase):
            return self._of_the_case(event)
        if isinstance(event, _OfAnAsk):
            return self._of_an_ask(event)
        if isinstance(event, _OfAnAnswer):
            return self._of_an_answer(event)
        return entry_in_words(event, Names(self._names, {}))

    def _of_the_case(self, event: _OfTheCase) -> str:
        """Return what happened to the request as a whole, and how it ended."""
        match event:
            case RequestSubmitted():
                on_behalf = "" if event.by == event.author else f" for {self._name(event.author)}"
                return f"{self._name(event.by)} sent the request{on_behalf}"
            case RequestEdited() if self._process.story == "site_life":
                if event.by == DULY:
                    return "Duly proposed a change of the site, which has to be approved"
                wrote = listed(tuple(self._name(one) for one in (event.by, *event.people)))
                return f"{wrote} changed the site: the change has to be approved"
            case RequestEdited():
                void = "; every approval is void" if event.material else "; approvals stay"
                return f"{self._name(event.by)} changed the request{void}"
            case RequestUnfit():
                faults = listed(tuple(fault.message for fault in event.faults))
                return f"The request went back to its author, because the form does not hold any more: {faults}"
            case DatePassed():
                day = day_in_words(event.day)
                return f"The request went back to its author: {day} came before it was decided"
            case PackChanged():
                return f"The request goes by another version of the rules from now on: {event.comment}"
            case CaseCancelled():
                what = "the request" if self._process.story not in _ENDED else "it: the site is looked after no more"
                return f"{self._name(event.by)} cancelled {what}"
            case RequestWithdrawn():
                return f"{self._name(event.by)} withdrew the request"
            case SiteApproved():
                return "The site was approved: it may be created"
            case SiteRegistered():
                return f"“{event.title}” entered the register of approved sites"
            case StepRefused():
                return f"Something was refused because of {event.clause}; it did not happen"
            case CaseEnded():
                what = _ENDED.get(self._process.story, "The request")
                return f"{what} ended: {event.outcome.replace('_', ' ')}"

    def _of_an_ask(self, event: _OfAnAsk) -> str:
        match event:
            case AskOpened():
                due = day_in_words(local_day(event.due))
                who = self._who(event.asked)
                task = self._process.task(event.step)
                to = f"was asked for “{task.title}”, by {due}" if task else f"was asked, to answer by {due}"
                return f"The {self._seat(event.seat)}{f' ({who})' if who else ''} {to}"
            case AskMoved():
                why = {
                    "people_changed": "People, seats or absences changed",
                    "reassigned": f"{self._name(event.by or '')} asked for somebody else",
                    "stepped_aside": f"{self._name(event.by or '')} stepped aside because of a conflict of interest",
                    "recused": "Somebody may not see to it any more",
                    "routed": "It was routed to somebody else",
                }[event.why]
                return f"{why}: the step “{self._step(event.step)}” now asks {self._who(event.asked) or 'nobody'}"
            case Nudged():
                name = self._name(event.by)
                return f"{name} had those reminded who are asked for the step “{self._step(event.step)}”"
            case Extended():
                days = f"{event.days} working day{'' if event.days == 1 else 's'}"
                due = day_in_words(local_day(event.due))
                given = f"{self._name(event.by)} gave" if event.by else "Time in which nobody could answer gives"
                return f"{given} the step “{self._step(event.step)}” {days} more, until {due}"
            case Reminded():
                return f"Reminder {event.count} went to those asked for the step “{self._step(event.step)}”"
            case Escalated():
                seats = listed(tuple(f"the {self._seat(seat)}" for seat in event.to)) or "nobody"
                return f"Nobody had answered the step “{self._step(event.step)}”: {seats} was told"
            case AskClosed():
                why = {
                    "lapsed": "lapsed without an answer",
                    "no_longer_needed": "was no longer needed",
                    "withdrawn": "ended with the request",
                    "cancelled": "ended with the request",
                    "changed": "ended because of the change",
                    "sent_back": "ended because the request went back to its author",
                    "asked_again": "ended because an earlier step is asked again",
                    "done": "was done",
                    "routed": "went to somebody else",
                }[event.why]
                return f"The step “{self._step(event.step)}” {why}"

    def _of_an_answer(self, event: _OfAnAnswer) -> str:
        match event:
            case Approved():
                return f"{self._name(event.by)} approved as {self._seat(event.seat)}{self._stead(event.instead_of)}"
            case Rejected():
                return f"{self._name(event.by)} rejected as {self._seat(event.seat)}{self._stead(event.instead_of)}"
            case Returned():
                name, seat = self._name(event.by), self._seat(event.seat)
                return f"{name} returned the request for changes as {seat}{self._stead(event.instead_of)}"
            case DecisionDisputed():
                said = (
                    f"{self._name(event.by)} said that the answer to the step “{self._step(event.step)}” was not theirs"
                )
                return f"{said}: the request is held"
            case HoldReleased():
                what = "the answer stands" if event.stands else "the answer is void"
                return f"{self._name(event.by)} settled the disputed answer to “{self._step(event.step)}”: {what}"
            case Confirmed():
                return f"{self._name(event.by)} confirmed: {self._confirmation(event)}"

    def _clause(self, event: AnyEvent) -> str:
        """Return the key of the clause that an event goes by: that of its step, or of the process."""
        match event:
            case RequestSubmitted():
                return self._process.clause
            case StepRefused(clause=clause):
                return clause
            case Confirmed():
                step = self._process.step(event.step)
                known = {one.key: one.clause for one in step.confirmations} if step else {}
                return known.get(event.confirmation, "")
            case _:
                clocks = self._process.clocks(getattr(event, "step", ""))
                return clocks.clause if clocks else ""

    def _name(self, person: str) -> str:
        if person == DESK:
            return "The signing desk"
        return self._names.get(person, "Somebody who is no longer in the directory")

    def _who(self, asked: tuple[Asked, ...] | None) -> str:
        """Return everybody whom an ask reached, by name, and for whom somebody stands in."""
        return listed(tuple(f"{self._name(one.person)}{self._stead(one.instead_of)}" for one in asked or ()))

    def _seat(self, key: str) -> str:
        if key == AUTHOR:
            return "author"
        return self._seats.get(key, key)

    def _step(self, key: str) -> str:
        step = self._process.clocks(key)
        return step.title if step else key

    def _stead(self, person: str | None) -> str:
        return f", in place of {self._name(person)}" if person else ""

    def _confirmation(self, event: Confirmed) -> str:
        step = self._process.step(event.step)
        known = {one.key: one.label for one in step.confirmations} if step else {}
        return known.get(event.confirmation, event.confirmation)
