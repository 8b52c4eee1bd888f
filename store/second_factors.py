"""Second factors: the secret of somebody's authenticator app, who vouched for it, and how it is taken away.

A code is of half a minute, is taken for the one before and the one after as well, and never twice.
"""

import hashlib
import hmac
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final, Literal

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from domain.refs import ALPHABET
from store import identities, sessions
from store.keys import Keyring
from store.tables import FactorRemovalRow, IdentityRow, PersonRow, SecondFactorRow

_HALF_MINUTE: Final = 30
_MOST_FAILURES: Final = 5
_LOCKED_FOR: Final = timedelta(minutes=15)
_WAITS_FOR: Final = timedelta(hours=1)
_CHECK: Final = 6

Tried = Literal["right", "wrong", "locked"]


async def factor_of(session: AsyncSession, person: str) -> SecondFactorRow | None:
    """Return the second factor of `person`, whether it counts yet or not, or None."""
    return await session.get(SecondFactorRow, person)


async def has_any(session: AsyncSession, person: str) -> bool:
    """Return whether `person` has a second factor that counts, or a school account."""
    own = select(IdentityRow).where(col(IdentityRow.person) == person)
    return counts(await factor_of(session, person)) or (await session.scalars(own)).first() is not None


async def owners(session: AsyncSession, organisation: str, day: date) -> frozenset[str]:
    """Return the people of an organisation, those who have left by `day` apart, whose second factor counts."""
    wanted = (
        select(col(SecondFactorRow.person))
        .join(PersonRow, col(PersonRow.id) == col(SecondFactorRow.person))
        .where(
            col(PersonRow.organisation) == organisation,
            col(PersonRow.leaves_on).is_(None) | (col(PersonRow.leaves_on) >= day),
            col(SecondFactorRow.vouched_at).is_not(None),
        )
    )
    return frozenset((await session.scalars(wanted)).all())


def counts(row: SecondFactorRow | None) -> bool:
    """Return whether a second person has vouched for it."""
    return row is not None and row.vouched_at is not None


def is_being_made(row: SecondFactorRow | None, at: datetime) -> bool:
    """Return whether it was begun within the last hour and does not count yet; an older one has to begin anew."""
    return row is not None and row.vouched_at is None and row.made_at > at - _WAITS_FOR


async def begin(session: AsyncSession, ring: Keyring, person: str, at: datetime) -> bool:
    """Make a new secret for `person`; return whether it was, which it is not where they have one that counts."""
    from pyotp import random_base32

    row = await session.get(SecondFactorRow, person, with_for_update=True)
    if counts(row):
        return False
    if row is not None:
        await session.delete(row)
        await session.flush()
    sealed = ring.system().seal(place(person), random_base32().encode())
    session.add(SecondFactorRow(person=person, sealed_secret=sealed, made_at=at))
    await session.flush()
    return True


def secret_of(ring: Keyring, row: SecondFactorRow) -> str:
    """Return the secret, as it is typed into an app.

    Raises:
        SealBrokenError: it was sealed under a key that is not here.
    """
    return ring.system().open(place(row.person), row.sealed_secret).decode()


def check_of(secret: str) -> str:
    """Return the six letters by which two people see that they speak of the same secret; they tell nothing of it."""
    drawn = hashlib.sha256(b"duly/second-factor-check/v1" + secret.encode()).digest()
    return "".join(ALPHABET[byte % len(ALPHABET)] for byte in drawn[:_CHECK])


async def try_code(session: AsyncSession, ring: Keyring, person: str, code: str, at: datetime) -> Tried:
    """Return whether `code` is one of `person`'s app now; the fifth wrong one locks it for a quarter of an hour."""
    from pyotp import TOTP

    row = await session.get(SecondFactorRow, person, with_for_update=True)
    if row is None:
        return "wrong"
    if row.locked_until is not None and row.locked_until > at:
        return "locked"
    typed = "".join(c for c in code if c in "0123456789")
    app, now = TOTP(secret_of(ring, row)), int(at.timestamp()) // _HALF_MINUTE
    fitting = [n for n in (now - 1, now, now + 1) if hmac.compare_digest(app.generate_otp(n), typed)]
    right = [n for n in fitting if n > row.last_half_minute]
    tried: Tried = "right"
    if right:
        row.last_half_minute, row.failures, row.locked_until = max(right), 0, None
    elif row.failures + 1 < _MOST_FAILURES:
        row.failures, tried = row.failures + 1, "wrong"
    else:
        row.failures, row.locked_until, tried = 0, at + _LOCKED_FOR, "locked"
    await session.flush()
    return tried


async def prove(session: AsyncSession, ring: Keyring, person: str, code: str, at: datetime) -> Tried:
    """Note, where `code` is right, that the secret has reached the app of `person`; return whether it is."""
    tried = await try_code(session, ring, person, code, at)
    row = await session.get(SecondFactorRow, person)
    if tried == "right" and row is not None:
        row.proved_at = at
        await session.flush()
    return tried


async def waiting(session: AsyncSession, organisation: str, at: datetime) -> Sequence[SecondFactorRow]:
    """Return the second factors of an organisation that wait for a second person, the latest first."""
    wanted = (
        select(SecondFactorRow)
        .join(PersonRow, col(PersonRow.id) == col(SecondFactorRow.person))
        .where(
            col(PersonRow.organisation) == organisation,
            col(SecondFactorRow.proved_at).is_not(None),
            col(SecondFactorRow.vouched_at).is_(None),
            col(SecondFactorRow.made_at) > at - _WAITS_FOR,
        )
    )
    return (await session.scalars(wanted.order_by(col(SecondFactorRow.proved_at).desc()))).all()


async def vouch(session: AsyncSession, ring: Keyring, person: str, check: str, by: str, at: datetime) -> bool:
    """Have the second factor of `person` count, where it waits and `check` is of its secret; return whether it does."""
    row = await session.get(SecondFactorRow, person, with_for_update=True)
    if row is None or row.proved_at is None or not is_being_made(row, at):
        return False
    typed = "".join(c for c in check.upper() if c in ALPHABET)
    if not hmac.compare_digest(check_of(secret_of(ring, row)), typed):
        return False
    row.vouched_by, row.vouched_at = by, at
    await session.flush()
    return True


async def ask_removal(session: AsyncSession, person: str, by: str, at: datetime) -> None:
    """Note that `by` asks for the second factor and school account of `person` to be taken away, unless one did."""
    if await session.get(FactorRemovalRow, person, with_for_update=True) is None:
        session.add(FactorRemovalRow(person=person, asked_by=by, asked_at=at))
        await session.flush()


async def removal_of(session: AsyncSession, person: str) -> FactorRemovalRow | None:
    """Return the wish to take away what `person` has, or None."""
    return await session.get(FactorRemovalRow, person)


async def removal_to_settle(session: AsyncSession, person: str) -> FactorRemovalRow | None:
    """Return the wish to take away what `person` has, which nobody else settles before this session ends, or None."""
    return await session.get(FactorRemovalRow, person, with_for_update=True)


async def removals(session: AsyncSession, organisation: str) -> Sequence[FactorRemovalRow]:
    """Return what of an organisation waits to be taken away, the latest first."""
    wanted = (
        select(FactorRemovalRow)
        .join(PersonRow, col(PersonRow.id) == col(FactorRemovalRow.person))
        .where(col(PersonRow.organisation) == organisation)
    )
    return (await session.scalars(wanted.order_by(col(FactorRemovalRow.asked_at).desc()))).all()


async def keep(session: AsyncSession, row: FactorRemovalRow) -> None:
    """Settle a removal: all stays as it is."""
    await session.delete(row)
    await session.flush()


async def remove(session: AsyncSession, row: FactorRemovalRow) -> None:
    """Settle a removal: the person has neither second factor nor school account, and no strong session, any more."""
    await session.execute(delete(SecondFactorRow).where(col(SecondFactorRow.person) == row.person))
    await identities.unlink(session, row.person)
    await sessions.weaken(session, row.person)
    await keep(session, row)


def place(person: str) -> str:
    """Return for which place the secret of `person` is sealed."""
    return f"second_factor|secret|{person}"
