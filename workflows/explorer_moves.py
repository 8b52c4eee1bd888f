"""What can come next in a case: every act of everybody who may do something, and waiting."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Final

from domain.base import Frozen
from domain.calendar import local_day
from domain.cases import Act, OpenAsk, Opening, Request
from domain.events import Approved, DatePassed, RequestUnfit, Returned, Verdict
from domain.fields import Value
from domain.forms import Fault
from domain.order import matches, standing
from domain.pack import EventMatch, Process, Reviews, Task
from domain.round_entries import ReadingOpened
from domain.signatures import still_to_open
from workflows.explorer import Move, Played, TimePasses
from workflows.explorer_entries import Choices, entries

SOMEBODY: Final = "somebody"
"""Who changes what is nobody's request: the door sees to it that they may."""

_OF_DULY: Final = (
    {"kind": "call_off", "comment": "superseded"},
    {"kind": "call_off", "comment": "left"},
    {"kind": "cover", "present": {"administrators": (), "moderators": ()}},
    {"kind": "cover", "present": {"administrators": ("one", "two"), "moderators": ("one", "two")}},
)
"""What Duly itself says: that nobody has to sign any more, and whether anybody is there."""

_LATER: Final = timedelta(days=30)
_FEW: Final = 2


class Possible(Frozen):
    """What somebody can do. `due` is whether somebody is asked for it."""

    move: Act
    due: bool


def possible(played: Played, opening: Opening) -> tuple[Move, ...]:
    """Return every move that can change something now: each answer of everybody asked, each offer, and waiting.

    Of what has to be opened before somebody signs, it is the next. Of changes to the request there are two: one to a
    material answer, and one to another where the form has any.
    """
    now = played.standing
    request = now.request or opening.request
    answers = tuple(
        _answer(opening.process, request, ask, asked.person, verdict)
        for ask in now.asks
        for asked in played.asked.get(ask.ask, ())
        for verdict in _verdicts(opening.process)
        if opening.process.step(ask.step)
    )
    offers = tuple(act for offer in now.offers for act in _offered(offer, opening, request, played.now))
    waits = (TimePasses(until=now.next_at),) if now.next_at is not None else ()
    return (*_opens(played, opening), *answers, *offers, *waits)


def moves(
    played: Played, opening: Opening, choices: Choices, *, in_turn: bool = False, plainly: bool = False
) -> Iterator[Possible]:
    """Yield every move that may change something now, but waiting.

    With `in_turn`, of entries only those that are asked for or may not come too early; where `plainly`, each by one
    person alone, and about the same allegations in two ways at most.

    In every case: each entry by everybody who may record it, and stepping aside. In one that is not confidential: each
    answer of everybody asked, and one to a form that does not hold any more; what the author is offered; that an answer
    was not theirs, from everybody whose answer counts; of an administrator cancelling, releasing, and asking somebody
    else where an ask reaches nobody; and what Duly itself says.
    """
    yield from _recorded(played, opening, choices, in_turn, plainly)
    if not opening.process.confidential:
        yield from _of_a_request(played, opening, choices)
    for ask in played.standing.asks:
        for asked in played.asked.get(ask.ask, ()):
            aside = Act(kind="step_aside", person=asked.person, how="session", ask=ask.ask, comment="A friend.")
            if ask.step != "changes":
                yield Possible(move=aside, due=False)


def _recorded(played: Played, opening: Opening, choices: Choices, in_turn: bool, plainly: bool) -> Iterator[Possible]:
    wanted = [one for ask in played.standing.asks if (one := _wanted(opening.process, ask.step))]
    kinds = {*choices.guarded, *(kind for one in wanted for kind in one.event)} if in_turn else set(played.accepts)
    ways: Counter[tuple[str, tuple[str, ...], bool]] = Counter()
    for act in entries(played, opening, choices, kinds, plainly):
        entry = act.entry
        if entry is None:
            continue
        due = any(matches(one, entry) for one in wanted)
        ways[way := (entry.kind, entry.allegations, due)] += 1
        if not plainly or ways[way] <= _FEW:
            yield Possible(move=act, due=due)


def _of_a_request(played: Played, opening: Opening, choices: Choices) -> Iterator[Possible]:
    asks = {ask.ask: ask for ask in played.standing.asks}
    back = "changes" in {ask.step for ask in asks.values()}
    request = played.standing.request or opening.request
    for move in possible(played, opening):
        if isinstance(move, TimePasses):
            continue
        first = move.ask is None or move.person == played.asked[move.ask][0].person
        if not first and not choices.personal & _becomes(move):
            continue
        yield Possible(move=move, due=move.kind in {"answer", "open"} or (back and move.kind == "edit"))
        if first and opening.process.changes and move.verdict is Verdict.APPROVE:
            unfit = (Fault(field="title", message="Does not hold any more."),)
            yield Possible(move=move.model_copy(update={"unfit": unfit}), due=False)
    for event in _counting(played, opening, request, back):
        yield Possible(move=Act(kind="dispute", person=event.by, how="session", ask=event.ask), due=False)
    lever = {"person": choices.administrator, "how": "session", "comment": "Needed."}
    for disputed in played.standing.disputed:
        for stands in (True, False):
            settled = Act.model_validate({"kind": "release", "ask": disputed, "stands": stands, **lever})
            yield Possible(move=settled, due=True)
    for key in asks:
        if not played.asked.get(key):
            to = {"kind": "reassign", "ask": key, "to": choices.anybody_else}
            yield Possible(move=Act.model_validate(to | lever), due=True)
    yield Possible(move=Act.model_validate({"kind": "cancel", **lever}), due=False)
    for told in _OF_DULY:
        yield Possible(move=Act.model_validate({"person": "duly", "how": "duly", **told}), due=False)


def _opens(played: Played, opening: Opening) -> tuple[Act, ...]:
    """Return that whoever is to sign opens the next of what has to be opened first."""
    if opening.process.story != "signature":
        return ()
    opened = {said.event.reading for said in played.events if isinstance(said.event, ReadingOpened)}
    return tuple(
        Act(kind="open", person=asked.person, how="link", ask=ask.ask, reading=one.key)
        for one in still_to_open(opening.process.campaign, opened)[:1]
        for ask in played.standing.asks
        for asked in played.asked.get(ask.ask, ())
    )


def _counting(played: Played, opening: Opening, request: Request, is_back: bool) -> Iterator[Approved | Returned]:
    """Yield every answer on which something rests: approvals that stand, and what sent the request back."""
    changes, keys = opening.process.changes, [step.key for step in opening.process.steps]
    stay = keys[: keys.index(changes.back_to)] if changes is not None else []
    events = standing([said.event for said in played.events])
    backs = [event for event in events if isinstance(event, Returned | RequestUnfit | DatePassed)]
    for event in events:
        if event.kind == "approved" and (event.version == request.version or event.step in stay):
            yield event
        if event.kind == "returned" and is_back and event is backs[-1]:
            yield event


def _wanted(process: Process, key: str) -> EventMatch | None:
    """Return which entry ends what is asked for."""
    asked = process.clocks(key)
    return asked.done_by if isinstance(asked, Task | Reviews) else None


def _becomes(answer: Act) -> set[str]:
    """Return the kinds of events that an answer may become."""
    return {"approved", "confirmed"} if answer.verdict is Verdict.APPROVE else {"returned", "rejected"}


def _verdicts(process: Process) -> list[Verdict]:
    return [verdict for verdict in Verdict if verdict is not Verdict.RETURN or process.changes]


def _offered(offer: str, opening: Opening, request: Request, now: datetime) -> tuple[Act, ...]:
    own = {"kind": offer, "person": request.author or SOMEBODY, "how": "session"}
    if offer != "edit":
        return (Act.model_validate(own),)
    material = next((key for key in request.answers if key not in opening.immaterial), None)
    keys = [key for key in (material, next(iter(opening.immaterial), None)) if key is not None]
    return tuple(
        Act.model_validate(own | {"version": request.edition, "request": _ahead(opening, changed(request, key), now)})
        for key in keys
    )


def changed(request: Request, key: str) -> Request:
    """Return `request` with another answer to the question `key`."""
    return request.model_copy(update={"answers": request.answers | {key: f"edition {request.edition + 1}"}})


def _ahead(opening: Opening, request: Request, now: datetime) -> Request:
    """Return `request` with a date that lies ahead, where that has come: the form takes no other."""
    changes = opening.process.changes
    if changes is None or changes.ahead is None or changes.ahead not in request.answers:
        return request
    if not _has_come(request.answers[changes.ahead], now):
        return request
    later = (local_day(now) + _LATER).isoformat()
    return request.model_copy(update={"answers": request.answers | {changes.ahead: later}})


def _has_come(day: Value, now: datetime) -> bool:
    try:
        return date.fromisoformat(str(day)) <= local_day(now)
    except ValueError:
        return False


def _answer(process: Process, request: Request, ask: OpenAsk, person: str, verdict: Verdict) -> Act:
    step = process.step(ask.step)
    return Act(
        kind="answer",
        person=person,
        how="session",
        ask=ask.ask,
        version=request.version,
        verdict=verdict,
        signature=person,
        confirmations=tuple(c.key for c in step.confirmations) if step else (),
        comment="reason",
        opened_at=ask.opened_at,
    )
