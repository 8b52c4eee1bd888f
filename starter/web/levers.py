"""Levers: what an administrator can do about a case in which they have no part, with a reason, and without deciding."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Final, Literal

from starlette.exceptions import HTTPException
from starlette.responses import Response

from domain.access import allow
from domain.asking import AUTHOR, SIGNER
from domain.calendar import CalendarTooShortError, due_on, local_day
from domain.cases import Act
from domain.deciding import LONGEST_COMMENT
from domain.events import AskMoved, Extended, RequestEdited
from domain.fields import FormFacts, UnfitAnswerError, resolve_person
from domain.pack import Story
from domain.telling import Given
from domain.text import is_blank, tidy
from domain.words import listed, weekday_in_words
from starter.engine import EngineLostError
from starter.web.acting import LATER, hand_over
from starter.web.filling import people_to_choose
from starter.web.known import Known, case_for
from starter.web.page import Page, Visit
from starter.web.reading import UnreadableBodyError, only
from store.tables import AskRow

MOST_DAYS: Final = 20
"""Working days that one pull of a lever gives at most."""

Name = Literal["reassign", "remind", "extend", "cancel", "release"]
Field = Literal["to", "days", "stands"]


@dataclass(frozen=True)
class Lever:
    """A lever in words: `field` is what it asks for besides the reason."""

    name: Name
    title: str
    lead: str
    button: str
    not_done: str
    field: Field | None = None


REASSIGN: Final = Lever(
    "reassign",
    "Ask somebody else",
    "Whoever you name is asked in place of those who are asked now, whose links stop working. They decide for "
    "themselves: you cannot name yourself, nor anybody who has a part in the request.",
    "Ask them",
    "Nobody else was asked",
    "to",
)
REMIND: Final = Lever(
    "remind",
    "Remind now",
    "Everybody who is asked gets the reminder now, besides those that Duly sends by itself.",
    "Send the reminder",
    "Nobody was reminded",
)
EXTEND: Final = Lever(
    "extend",
    "Give more time",
    "Everything that is still to come moves by as many working days: the day by which an answer is due, reminders, and "
    "when those who stand in are asked.",
    "Give the time",
    "No time was given",
    "days",
)
CANCEL: Final = Lever(
    "cancel",
    "Cancel the request",
    "The request ends without a decision, and cannot be opened again. Its author, and everybody who was asked or has "
    "answered, gets a mail. To ask again, the author sends a new request.",
    "Cancel the request",
    "The request was not cancelled",
)
CANCEL_SITE: Final = replace(
    CANCEL,
    title="Stop looking after the site",
    lead="The site is looked after no more, as though it had never been approved, and this cannot be taken back. That "
    "it is closed in good order, those who run it put on record.",
    button="Stop looking after it",
    not_done="The site is still looked after",
)
_CANCELS: Final[dict[Story, Lever]] = {"site_creation": CANCEL, "site_life": CANCEL_SITE}
"""What an administrator can end, by what runs it."""
RELEASE: Final = Lever(
    "release",
    "Settle the disputed answer",
    "Before you settle it, ask the person by phone or face to face, not by e-mail: whoever reads their mail could "
    "answer for them.",
    "Settle it",
    "The disputed answer was not settled",
    "stands",
)


@dataclass(frozen=True)
class Offered:
    """A lever that may be pulled on a case now: at which address, and for the ask of which step, if it is of one."""

    lever: Lever
    path: str
    about: str


@dataclass(frozen=True)
class Hand:
    """An administrator's hand on a lever of a case, with what they typed."""

    known: Known
    lever: Lever
    by: str
    ask: AskRow | None
    typed: Mapping[str, str]

    @property
    def step(self) -> str:
        """What the step is called that it is about."""
        found = self.known.opening.process.clocks(self.ask.step) if self.ask else None
        return found.title if found else ""

    @property
    def asked(self) -> str:
        """Who is asked now, by name."""
        reached = [one.person for one in self.known.asked if self.ask and one.ask == self.ask.ask]
        return listed(tuple(self.known.name(person) for person in reached)) or "Nobody"

    @property
    def disputed(self) -> Given | None:
        """The answer that it is about, where that is disputed."""
        return next((given for given in self.known.given if self.ask and given.ask == self.ask.ask), None)

    @property
    def barred(self) -> dict[str, str]:
        """Who cannot be asked in place of those who are, by id, and why."""
        request, out = self.known.request, self.ask.excluded.split() if self.ask else []
        apart = "decided another step, and the policy wants different people"
        theirs = dict.fromkeys(person for person in (request.author, request.starter) if person)
        own = dict.fromkeys(theirs, "made this request, and nobody decides their own")
        aside = dict.fromkeys(stepped_aside(self.known), "stepped aside because of a conflict of interest")
        return dict.fromkeys(out, apart) | aside | own | {self.by: "cannot name themselves"}

    def due(self, days: int = 0) -> date:
        """Return by when an answer is due after `days` more working days.

        Raises:
            CalendarTooShortError: the calendar does not reach the last day that the ask would need.
        """
        step = self.known.opening.process.clocks(self.ask.step) if self.ask else None
        if self.ask is None or step is None:
            raise HTTPException(404)
        events = [said.event for said in self.known.history]
        given = sum(event.days for event in events if isinstance(event, Extended) and event.ask == self.ask.ask)
        opened, calendar = local_day(self.ask.opened_at), self.known.opening.calendar

        def after(count: int) -> date:
            return due_on(opened, count + given + days, calendar, step.pauses_in_holidays)

        after(max(step.escalate_on or 0, step.lapse_on or 0, *step.remind_on, 0))
        return after(step.answer_within)


def stepped_aside(known: Known) -> frozenset[str]:
    """Return who stepped aside in this case because of a conflict of interest."""
    moves = [said.event for said in known.history if isinstance(said.event, AskMoved)]
    return frozenset(move.by for move in moves if move.why == "stepped_aside" and move.by)


def once_theirs(known: Known) -> frozenset[str]:
    """Return everybody whose request it is or ever was."""
    edits = [said.event for said in known.history if isinstance(said.event, RequestEdited)]
    first = known.opening.request
    wrote = (who for edit in edits for who in (edit.by, edit.author, *edit.people))
    return frozenset({first.author, first.starter, *wrote})


async def reassign(visit: Visit) -> Response:
    """Ask whom to ask in the place of those asked now; the second POST hands it to the case."""
    return await _pull(visit, REASSIGN)


async def remind(visit: Visit) -> Response:
    """Ask why those asked are to be reminded; the second POST hands it to the case."""
    return await _pull(visit, REMIND)


async def extend(visit: Visit) -> Response:
    """Ask how much more time there is to be; the second POST hands it to the case."""
    return await _pull(visit, EXTEND)


async def cancel(visit: Visit) -> Response:
    """Ask why the request is to end without a decision; the second POST hands it to the case."""
    known = await case_for(visit, visit.place("reference"))
    lever = _CANCELS.get(known.opening.process.story)
    if lever is None:
        raise HTTPException(404)
    return await _pull(visit, lever)


async def release(visit: Visit) -> Response:
    """Ask whether a disputed answer stands or is void; the second POST hands it to the case."""
    return await _pull(visit, RELEASE)


def offered(visit: Visit, known: Known) -> tuple[Offered, ...]:
    """Return the levers that the visitor may pull now; none for whoever has, or had, a part in the case."""
    if not _may(visit, known):
        return ()
    if known.row.closed_at is not None:
        settle = Offered(RELEASE, visit.path("settle", reference=known.row.reference), "")
        return (settle,) if known.standing.disputed else ()
    on_ask = (RELEASE,) if known.standing.disputed else (REASSIGN, REMIND, EXTEND)
    asks = [
        Offered(lever, _path(visit, known, lever, ask), "author" if ask.seat == AUTHOR else known.seat(ask.seat))
        for ask in known.asks
        for lever in on_ask
        if _is_for(known, lever, ask)
    ]
    ends = _CANCELS.get(known.opening.process.story)
    return (*asks, Offered(ends, _path(visit, known, ends, None), "")) if ends is not None else tuple(asks)


def _may(visit: Visit, known: Known) -> bool:
    return allow(visit.viewer, "intervene", known.access) and visit.person.id not in stepped_aside(known) | once_theirs(
        known
    )


def _is_for(known: Known, lever: Lever, ask: AskRow) -> bool:
    """Return whether `lever` may be pulled for `ask` as it stands; a reminder to nobody is none."""
    if lever is RELEASE:
        return ask.ask in known.standing.disputed
    if lever is REASSIGN and ask.seat in {AUTHOR, SIGNER}:
        return False
    reached = any(one.ask == ask.ask for one in known.asked)
    return ask.closed_at is None and (reached or lever is not REMIND)


def _path(visit: Visit, known: Known, lever: Lever, ask: AskRow | None) -> str:
    parts = {"reference": known.row.reference} | ({"ask": ask.ask} if ask else {})
    return visit.path(lever.name, **parts)


async def _pull(visit: Visit, lever: Lever) -> Response:
    known = await case_for(visit, visit.place("reference"))
    if not _may(visit, known):
        raise HTTPException(404)
    ask = known.ask(visit.place("ask")) if lever.name != "cancel" else None
    if known.row.closed_at is not None or (lever.name != "cancel" and (ask is None or not _is_for(known, lever, ask))):
        return visit.go("case", reference=known.row.reference)
    extra = (lever.field,) if lever.field else ()
    typed = dict.fromkeys(("comment", *extra), "") | {"occasion": secrets.token_urlsafe(16)}
    if not visit.is_post:
        return _show(visit, Hand(known, lever, visit.person.id, ask, typed))
    # Of radios of which none is chosen, a browser sends nothing.
    sent = only(visit.sent, ("stage", "occasion", "comment"), extra)
    hand = Hand(known, lever, visit.person.id, ask, typed | {name: tidy(text) for name, text in sent.items()})
    if sent["stage"] == "change":
        return _show(visit, hand)
    if sent["stage"] not in {"review", "confirm"}:
        why = "the form has a step that is not on the page"
        raise UnreadableBodyError(why, 422)
    act, faults = _read(visit, hand)
    if act is None:
        return _show(visit, hand, faults)
    if sent["stage"] == "review":
        return visit.show("lever_check.html", hand=hand, rows=_told(hand, act), action=_path(visit, known, lever, ask))
    try:
        return await hand_over(visit, known, act, lever.not_done)
    except EngineLostError:
        return _show(visit, hand, {"form": LATER}, 503)


def _show(visit: Visit, hand: Hand, faults: Mapping[str, str] | None = None, status: int = 0) -> Response:
    """Return the form of a lever with what was typed; with `faults`, all of them at once."""
    faults = faults or {}
    return visit.show(
        "lever.html",
        status or (422 if faults else 200),
        hand=hand,
        action=_path(visit, hand.known, hand.lever, hand.ask),
        faults=faults,
        errors=[(f"#{name}", fault) for name, fault in faults.items()],
        people=people_to_choose(hand.known.directory),
        most_days=MOST_DAYS,
    )


def _read(visit: Visit, hand: Hand) -> tuple[Act | None, dict[str, str]]:
    """Return the act that was typed, or else everything that is wrong with it, by field."""
    faults: dict[str, str] = {}
    read: dict[str, object] = {}
    for name, reader in (("to", _to), ("days", _days), ("stands", _stands)):
        try:
            if name == hand.lever.field:
                read[name] = reader(visit, hand, hand.typed[name])
        except UnfitAnswerError as unfit:
            faults[name] = str(unfit)
    comment = hand.typed["comment"]
    if is_blank(comment):
        faults["comment"] = "Say why: the reason stays on record"
    elif len(comment) > LONGEST_COMMENT:
        faults["comment"] = f"Your reason must be {LONGEST_COMMENT} characters or fewer"
    if faults:
        return None, faults
    about = {"kind": hand.lever.name, "ask": hand.ask.ask if hand.ask else None, "occasion": hand.typed["occasion"]}
    return Act.model_validate({**about, **read, "person": hand.by, "how": "session", "comment": comment}), {}


def _to(visit: Visit, hand: Hand, text: str) -> str:
    """Return whom to ask.

    Raises:
        UnfitAnswerError: it is nobody, or several, or somebody who cannot be asked.
    """
    if is_blank(text):
        msg = "Type whom to ask"
        raise UnfitAnswerError(msg)
    known = hand.known
    facts = FormFacts(directory=known.directory, today=visit.site.today, school=known.row.school)
    person = resolve_person(text, authorised=False, facts=facts)
    if person.id in hand.barred:
        msg = f"{person.name} {hand.barred[person.id]}. Name somebody else"
        raise UnfitAnswerError(msg)
    seat = next((seat for seat in known.opening.seats if hand.ask and seat.key == hand.ask.seat), None)
    if seat is not None and person.kind not in seat.kinds:
        msg = (
            f"{person.name} cannot stand for the {seat.title}, who is an {' or '.join(seat.kinds)}. Name somebody else"
        )
        raise UnfitAnswerError(msg)
    return person.id


def _days(visit: Visit, hand: Hand, text: str) -> int:
    """Return how many more working days there are to be.

    Raises:
        UnfitAnswerError: it is no such number, or the calendar does not reach so far.
    """
    del visit
    days = int(text) if text.isascii() and text.isdigit() and len(text) <= len(str(MOST_DAYS)) else 0
    if not 1 <= days <= MOST_DAYS:
        msg = f"Type how many working days more, from 1 to {MOST_DAYS}"
        raise UnfitAnswerError(msg)
    try:
        hand.due(days)
    except CalendarTooShortError:
        msg = "The calendar of the school is not known so far ahead. Type fewer days"
        raise UnfitAnswerError(msg) from None
    return days


def _stands(visit: Visit, hand: Hand, text: str) -> bool:
    """Return whether the disputed answer stands.

    Raises:
        UnfitAnswerError: neither was chosen.
    """
    del visit, hand
    if text not in {"stands", "void"}:
        msg = "Choose whether the answer stands"
        raise UnfitAnswerError(msg)
    return text == "stands"


def _told(hand: Hand, act: Act) -> list[tuple[str, str]]:
    """Return what the act would do, in words."""
    does: list[tuple[str, str]] = []
    match hand.lever.name:
        case "reassign":
            does = [("Asked now", hand.asked), ("Asked from now on", hand.known.name(act.to or ""))]
        case "remind":
            does = [("Who is reminded", hand.asked)]
        case "extend":
            now, then = hand.due(), hand.due(act.days or 0)
            does = [("Due now", weekday_in_words(now)), ("Due then", weekday_in_words(then))]
        case "cancel":
            does = [("The site" if hand.known.is_nobodys else "The request", hand.known.row.title)]
        case "release":
            does = [("The answer", "It stands" if act.stands else "It is void, and the step is asked again")]
    return [*does, ("Why", act.comment)]


PAGES: Final = (
    Page("/cases/{reference}/asks/{ask}/reassign", reassign, ("GET", "POST"), "administrator"),
    Page("/cases/{reference}/asks/{ask}/remind", remind, ("GET", "POST"), "administrator"),
    Page("/cases/{reference}/asks/{ask}/extend", extend, ("GET", "POST"), "administrator"),
    Page("/cases/{reference}/asks/{ask}/release", release, ("GET", "POST"), "administrator"),
    Page("/cases/{reference}/cancel", cancel, ("GET", "POST"), "administrator"),
)
