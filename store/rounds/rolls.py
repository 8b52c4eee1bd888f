"""Calling a roll: who of an audience has to sign and was not asked yet, and who need not sign any more."""

import hashlib
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from domain.calendar import Calendar, local_day
from domain.cases import Opening, Roll, RollCount
from domain.people import Directory, Person
from domain.refs import case_id, reference
from domain.round_entries import VisitorExpected, VisitorSigned
from domain.telling_entries import DULY
from domain.text import fold_name
from store import queries
from store.keys import CaseKeyMissingError, CaseKeys, SealBrokenError
from store.rounds import reading
from store.rounds.tables import SignatureRow

AT_ONCE: Final = 200
"""How many people are got to in one call of a roll."""

_YEARS: Final = 3
"""For how many years whoever signs has the bank holidays: twice the most working days that an ask can have."""


@dataclass(frozen=True)
class Called:
    """What a call of a roll found: the cases to begin, those to call off, each with why, and the visitors to expect."""

    begins: tuple[Opening, ...]
    call_off: tuple[str, ...]
    why: str
    more: bool
    visitors: tuple[VisitorExpected, ...] = ()


async def look_through(
    session: AsyncSession, keys: CaseKeys, opening: Opening, roll: Roll, directory: Directory, at: datetime
) -> Called:
    """Return whom to ask and whom to ask no more, at most `AT_ONCE` of each; what is to begin has a key and a row."""
    rows = (await session.scalars(select(SignatureRow).where(col(SignatureRow.campaign) == opening.case))).all()
    audience = {one.id: one for one in directory.people if is_in(one, roll, at)}
    waiting = [row for row in rows if row.signed_at is None and row.declined_at is None and row.left_at is None]
    begun = [row for row in waiting if row.begun_at is not None]
    if roll.over is not None:
        off = tuple(row.case for row in begun[:AT_ONCE])
        return Called((), off, roll.over, more=len(begun) > AT_ONCE)
    gone = [row.case for row in begun if row.person not in audience]
    known = {row.person for row in rows}
    for row in rows:
        if has_come_back(row.signed_at, row.declined_at, row.left_at) and row.person in audience:
            _ask_anew(row, at)
            waiting.append(row)
    new = [one for one in audience.values() if one.id not in known]
    owed = [row for row in waiting if row.begun_at is None and row.person in audience]
    late = owed[:AT_ONCE]
    asked = [*late, *await _rows(session, opening, new[: AT_ONCE - len(late)], at)]
    begins, calendar = [], opening.calendar.for_years(local_day(at).year, _YEARS)
    for row in asked:
        await keys.create(session, row.case)
        begins.append(_signing(opening, roll, row, audience[row.person], calendar))
    more = len(new) + len(owed) > len(asked) or len(gone) > AT_ONCE
    visitors = await _still_here(session, keys, opening, at) if roll.visitors else ()
    return Called(tuple(begins), tuple(gone[:AT_ONCE]), "left", more, visitors)


async def _still_here(
    session: AsyncSession, keys: CaseKeys, opening: Opening, at: datetime
) -> tuple[VisitorExpected, ...]:
    """Return the visitors whom the campaign before had sign, or expected to, and who have not gone (ACK-06, ACK-07).

    They are to sign this version too; two spellings of a name are one visitor.
    """
    document = str(opening.request.answers["document"])
    known = [row.case for row in await reading.campaigns_of(session, opening.organisation, document)]
    before = known[known.index(opening.case) + 1 :] if opening.case in known else []
    found: dict[str, VisitorExpected] = {}
    # What cannot be read keeps nobody else from being asked.
    with suppress(CaseKeyMissingError, SealBrokenError, queries.BrokenRecordError):
        for said in await queries.history(session, keys, before[0]) if before else ():
            if isinstance(said.event, VisitorExpected | VisitorSigned):
                name, until = said.event.name, said.event.until
                found[fold_name(name)] = VisitorExpected(by=DULY, how="duly", name=name, until=until)
    return tuple(one for one in found.values() if one.until >= local_day(at))


def is_in(person: Person, roll: Roll, at: datetime) -> bool:
    """Return whether somebody is in the audience of a roll today."""
    return person.kind in roll.audience and person.is_active(local_day(at))


def has_come_back(signed_at: datetime | None, declined_at: datetime | None, left_at: datetime | None) -> bool:
    """Return whether somebody who is in the audience had left it without an answer: they are asked anew."""
    return left_at is not None and signed_at is None and declined_at is None


def _ask_anew(row: SignatureRow, at: datetime) -> None:
    """Have somebody who came back be asked in another case: the one before was called off."""
    row.case, row.reference = _new_case(row.campaign, row.person)
    row.asked_at, row.begun_at, row.left_at = at, None, None


def _new_case(campaign: str, person: str) -> tuple[str, str]:
    """Return the id and the reference of a case in which somebody signs, which nobody can work out."""
    return case_id(f"{campaign}|{person}|{secrets.token_hex(16)}"), reference(secrets.token_bytes(8))


async def mark_begun(session: AsyncSession, begins: Sequence[Opening], at: datetime) -> None:
    """Note that those cases have begun."""
    cases = [opening.case for opening in begins]
    if cases:
        begun = update(SignatureRow).where(col(SignatureRow.case).in_(cases), col(SignatureRow.begun_at).is_(None))
        await session.execute(begun.values(begun_at=at))


async def counts(
    session: AsyncSession, campaign: str, more: bool, visitors: tuple[VisitorExpected, ...] = ()
) -> RollCount:
    """Return how the roll of a campaign stands, with the `visitors` who are to be expected from now on."""
    count, of = func.count, SignatureRow
    asked, signed, declined, left = (
        await session.execute(
            select(count(), count(col(of.signed_at)), count(col(of.declined_at)), count(col(of.left_at))).where(
                col(of.campaign) == campaign
            )
        )
    ).one()
    waiting = asked - signed - declined - left
    who = {"asked": asked, "signed": signed, "declined": declined, "left": left, "waiting": waiting}
    return RollCount(**who, more=more, visitors=visitors)


async def _rows(
    session: AsyncSession, opening: Opening, people: Sequence[Person], at: datetime
) -> Sequence[SignatureRow]:
    """Return a row, kept, for each of `people`."""
    wanted = opening.request.answers
    rows = [
        SignatureRow(
            campaign=opening.case,
            person=one.id,
            case=case,
            reference=its_reference,
            organisation=opening.organisation,
            document=str(wanted["document"]),
            version=str(wanted["version"]),
            digest=str(wanted["digest"]),
            asked_at=at,
        )
        for one in people
        for case, its_reference in (_new_case(opening.case, one.id),)
    ]
    if rows:
        await session.execute(insert(SignatureRow), [row.model_dump() for row in rows])
    return rows


def _signing(opening: Opening, roll: Roll, row: SignatureRow, person: Person, calendar: Calendar) -> Opening:
    """Return with what the case begins in which one person signs."""
    answers = {**roll.request.answers, "signer": person.id}
    if person.line_manager is not None:
        answers["line_manager"] = person.line_manager
    seats = {*roll.process.steps[0].seats, *(roll.process.campaign.chase if roll.process.campaign else ())}
    return Opening(
        case=row.case,
        reference=row.reference,
        organisation=opening.organisation,
        school=person.schools[0] if person.schools else opening.school,
        pack_digest=opening.pack_digest,
        process=roll.process,
        seats=tuple(seat for seat in opening.seats if seat.key in seats),
        calendar=calendar,
        request=roll.request.model_copy(update={"answers": answers}),
        parent=opening.case,
    )


def review_case(organisation: str, document: str) -> tuple[str, str]:
    """Return the id and the reference of the one case in which a document is reviewed."""
    key = f"review|{organisation}|{document}"
    return case_id(key), reference(hashlib.sha256(b"duly/reference/v1" + key.encode()).digest()[:8])
