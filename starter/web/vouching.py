"""Being the second person, who is there when somebody's second factor is set up, or has it taken away."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.exceptions import HTTPException
from starlette.responses import Response

from domain.fields import FormFacts, UnfitAnswerError, resolve_person
from domain.people import Person
from domain.text import is_blank, tidy
from domain.vouching import Voucher, may_vouch
from starter.web.confirming import needs_strong, tell_of_change
from starter.web.filling import people_to_choose
from starter.web.page import Page, Visit
from starter.web.reading import UnreadableBodyError, only
from store import people, second_factors

log = structlog.get_logger()

_OTHER_LETTERS: Final = "These are not the letters on their screen. Look at it together, and type them again"


@dataclass(frozen=True)
class Hand:
    """The visitor as a second person, and whose second factors there are in their organisation."""

    visit: Visit
    voucher: Voucher
    owners: frozenset[str]

    def may(self, concerned: Person, asked_by: str = "") -> bool:
        """Return whether the visitor may vouch for `concerned`."""
        first = not self.owners - {concerned.id} and self.visit.site.school_provider is None
        return may_vouch(self.voucher, concerned, first=first, asked_by=asked_by)


@dataclass(frozen=True)
class Removal:
    """A wish to take away what somebody has set up, as the list shows it."""

    person: Person
    asker: str


async def vouch(visit: Visit) -> Response:
    """Show what waits for a second person; a POST vouches, settles a removal, or asks for one."""
    async with visit.site.db.read() as session:
        owners = await second_factors.owners(session, visit.person.organisation, visit.site.today)
    has_factor = visit.person.id in owners
    weak = needs_strong(visit)
    if weak is not None and (has_factor or visit.site.demo or visit.site.school_provider is not None):
        return weak
    voucher = Voucher(person=visit.person, strong=visit.viewer.strong, has_factor=has_factor)
    hand = Hand(visit, voucher, owners)
    if not visit.is_post:
        return await _list(hand)
    sent = only(visit.sent, ("what", "person"), ("letters",))
    match sent["what"]:
        case "vouch":
            return await _vouch(hand, sent["person"], sent.get("letters", ""))
        case "remove":
            return await _settle(hand, sent["person"], removes=True)
        case "keep":
            return await _settle(hand, sent["person"], removes=False)
        case "ask" if visit.person.administrator:
            return await _ask_removal(hand, sent["person"])
        case _:
            why = "there is no such thing to do on the page"
            raise UnreadableBodyError(why, 422)


async def _vouch(hand: Hand, concerned: str, letters: str) -> Response:
    visit = hand.visit
    async with visit.site.db.write() as session:
        person = await _concerned(hand, session, concerned)
        done = await second_factors.vouch(
            session, visit.site.keys.ring, person.id, letters, visit.person.id, visit.site.clock()
        )
    if not done:
        return await _list(hand, {f"letters-{person.id}": _OTHER_LETTERS})
    log.info("second_factor_vouched", person=person.id, by=visit.person.id)
    await tell_of_change(visit, person)
    return visit.go("vouch")


async def _settle(hand: Hand, concerned: str, *, removes: bool) -> Response:
    visit = hand.visit
    async with visit.site.db.write() as session:
        row = await second_factors.removal_to_settle(session, concerned)
        if row is None:
            return visit.go("vouch")
        person = await _concerned(hand, session, concerned, row.asked_by)
        await (second_factors.remove if removes else second_factors.keep)(session, row)
    log.info("second_factor_removed" if removes else "second_factor_kept", person=person.id, by=visit.person.id)
    if removes:
        await tell_of_change(visit, person)
    return visit.go("vouch")


async def _ask_removal(hand: Hand, typed: str) -> Response:
    visit = hand.visit
    try:
        async with visit.site.db.write() as session:
            person = await _named(visit, session, tidy(typed))
            await second_factors.ask_removal(session, person.id, visit.person.id, visit.site.clock())
    except UnfitAnswerError as unfit:
        return await _list(hand, {"person": str(unfit)}, typed)
    log.info("second_factor_removal_asked", person=person.id, by=visit.person.id)
    await tell_of_change(visit, person)
    return visit.go("vouch")


async def _concerned(hand: Hand, session: AsyncSession, concerned: str, asked_by: str = "") -> Person:
    """Return whose second factor it is.

    Raises:
        HTTPException: 404, there is no such person, or the visitor may not vouch for them: the two look the same.
    """
    person = await people.person(session, concerned)
    if person is None or not hand.may(person, asked_by):
        raise HTTPException(404)
    return person


async def _named(visit: Visit, session: AsyncSession, text: str) -> Person:
    """Return whom an administrator typed.

    Raises:
        UnfitAnswerError: it is nobody, or several, or the administrator, or somebody who has set up nothing.
    """
    if is_blank(text):
        msg = "Type whose it is"
        raise UnfitAnswerError(msg)
    directory = await people.directory(session, visit.person.organisation)
    facts = FormFacts(directory=directory, today=visit.site.today, school="")
    person = resolve_person(text, authorised=False, facts=facts)
    if person.id == visit.person.id:
        msg = "To have your own taken away, go to “Your authenticator app”"
        raise UnfitAnswerError(msg)
    if not await second_factors.has_any(session, person.id):
        msg = f"{person.name} has set up nothing that could be taken away"
        raise UnfitAnswerError(msg)
    return person


async def _list(hand: Hand, faults: Mapping[str, str] | None = None, typed: str = "") -> Response:
    """Return the page, with what is wrong with what was typed, by field."""
    visit, faults = hand.visit, faults or {}
    async with visit.site.db.read() as session:
        directory = await people.directory(session, visit.person.organisation)
        waiting = await second_factors.waiting(session, visit.person.organisation, visit.site.clock())
        removals = await second_factors.removals(session, visit.person.organisation)
    known = {person.id: person for person in directory.people}
    return visit.show(
        "vouch.html",
        422 if faults else 200,
        waiting=[known[row.person] for row in waiting if hand.may(known[row.person])],
        removals=[
            Removal(known[row.person], known[row.asked_by].name)
            for row in removals
            if hand.may(known[row.person], row.asked_by)
        ],
        administrator=visit.person.administrator,
        has_factor=hand.voucher.has_factor,
        strong=hand.voucher.strong,
        faults=faults,
        typed=typed,
        people=people_to_choose(directory),
        errors=[(f"#{field}", fault) for field, fault in faults.items()],
    )


PAGES: Final = (Page("/confirm-it-is-you/vouch", vouch, ("GET", "POST"), "signed_in"),)
