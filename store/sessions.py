"""Signing in: codes that were mailed, tied to the browser that asked; and sessions, of which some are strong.

A session is strong for a quarter of an hour after somebody showed who they are in two ways, or to their school. Only
digests are kept, so that whoever reads the database can sign in as nobody.
"""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import bindparam, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from domain.refs import ALPHABET
from domain.text import fold_email
from store.interface import forget_tokens
from store.statements import first, table
from store.tables import CodeRow, SessionRow

_CODE: Final = 8
_SECRET: Final = 32
_CODE_LASTS: Final = timedelta(minutes=10)
_MOST_FAILURES: Final = 5
_MOST_CODES_IN: Final = timedelta(minutes=15)
_IDLE: Final = timedelta(minutes=30)
_ABSOLUTE: Final = timedelta(hours=10)
_STRONG: Final = timedelta(minutes=15)
_SESSION: Final = select(table(SessionRow)).where(table(SessionRow).c.digest == bindparam("digest"))


def digest(secret: str) -> str:
    """Return what of a secret is kept."""
    return hashlib.sha256(b"duly/session/v1" + secret.encode()).hexdigest()


async def ask_code(
    session: AsyncSession, *, address: str, person: str | None, browser_digest: str, at: datetime, most: int
) -> str | None:
    """Return a new code for the browser, to be mailed to `person`; it lasts ten minutes and opens once.

    None is over the limit: there were `most` codes in a quarter of an hour for one address. An address that nobody has
    gets a code as well, which opens nothing, so that both take the same time.
    """
    folded = fold_email(address)
    if session.get_bind().dialect.name == "postgresql":
        # There, unlike on SQLite, others write at the same time; each would count only the codes kept before.
        await session.execute(select(func.pg_advisory_xact_lock(func.hashtext(folded))))
    recent = select(func.count()).where(col(CodeRow.address) == folded, col(CodeRow.asked_at) > at - _MOST_CODES_IN)
    if (await session.execute(recent)).scalar_one() >= most:
        return None
    code = "".join(secrets.choice(ALPHABET) for _ in range(_CODE))
    await session.merge(
        CodeRow(
            browser=browser_digest,
            person=person,
            address=folded,
            code=_code_digest(browser_digest, code),
            asked_at=at,
            expires_at=at + _CODE_LASTS,
        )
    )
    await session.flush()
    return code


async def codes_asked(session: AsyncSession, since: datetime) -> int:
    """Return how many codes were asked for `since` then, for whatever address."""
    asked = select(func.count()).select_from(CodeRow).where(col(CodeRow.asked_at) > since)
    return (await session.execute(asked)).scalar_one()


async def try_code(session: AsyncSession, *, browser_digest: str, code: str, at: datetime) -> str | None:
    """Return the person whom `code` signs in at this browser, or None; a wrong one counts against the right one."""
    row = await session.get(CodeRow, browser_digest, with_for_update=True)
    if row is None or row.failures >= _MOST_FAILURES or row.expires_at <= at:
        return None
    typed = "".join(c for c in code.upper() if c in ALPHABET)
    if not hmac.compare_digest(row.code, _code_digest(browser_digest, typed)):
        row.failures += 1
        await session.flush()
        return None
    # Used up, but kept while it counts against the limit of its address.
    row.failures = _MOST_FAILURES
    await session.flush()
    return row.person


def _code_digest(browser_digest: str, code: str) -> str:
    return hashlib.sha256(f"duly/code/v1|{browser_digest}|{code}".encode()).hexdigest()


async def open_session(session: AsyncSession, person: str, at: datetime, *, shown_at: datetime | None = None) -> str:
    """Return the secret of a new session; what is long over is cleared away.

    It is strong where `shown_at` says when the person showed who they are.
    """
    secret = secrets.token_urlsafe(_SECRET)
    session.add(
        SessionRow(
            digest=digest(secret),
            person=person,
            began_at=at,
            seen_at=at,
            form_token=secrets.token_urlsafe(_SECRET),
            strong_until=shown_at + _STRONG if shown_at is not None else None,
        )
    )
    await session.execute(delete(SessionRow).where(col(SessionRow.began_at) <= at - _ABSOLUTE))
    await session.execute(delete(CodeRow).where(col(CodeRow.asked_at) <= at - _ABSOLUTE))
    await session.flush()
    return secret


async def strengthen(session: AsyncSession, digest_: str, shown_at: datetime) -> str | None:
    """Return a new secret for a session, now strong because its person showed who they are at `shown_at`.

    The old secret opens nothing any more. Forms that were shown before can still be sent, and the session ends when it
    would have ended. None is a session that has ended.
    """
    row = await session.get(SessionRow, digest_, with_for_update=True)
    if row is None:
        return None
    secret = secrets.token_urlsafe(_SECRET)
    row.digest, row.strong_until = digest(secret), shown_at + _STRONG
    await session.flush()
    return secret


async def weaken(session: AsyncSession, person: str) -> None:
    """Have no session of `person` be strong any more."""
    await session.execute(update(SessionRow).where(col(SessionRow.person) == person).values(strong_until=None))


async def session_of(session: AsyncSession, secret: str, at: datetime) -> SessionRow | None:
    """Return the session of a browser's secret, or None: half an hour unused or ten hours old, it is over."""
    row = await first(session, _SESSION, SessionRow, digest=digest(secret))
    if row is None or row.began_at <= at - _ABSOLUTE or row.seen_at <= at - _IDLE:
        return None
    return row


async def keep_alive(session: AsyncSession, digest_: str, at: datetime) -> None:
    """Note that a session was used."""
    row = await session.get(SessionRow, digest_)
    if row is not None:
        row.seen_at = at
        await session.flush()


async def end_session(session: AsyncSession, person: str, digest_: str) -> None:
    """End one of the sessions of `person`."""
    ending = delete(SessionRow).where(col(SessionRow.digest) == digest_, col(SessionRow.person) == person)
    await session.execute(ending)


async def end_all(session: AsyncSession, people: Sequence[str]) -> None:
    """End every session of `people`, the codes with which they could begin one, and the tokens of their programs."""
    await session.execute(delete(SessionRow).where(col(SessionRow.person).in_(people)))
    await session.execute(delete(CodeRow).where(col(CodeRow.person).in_(people)))
    await forget_tokens(session, people)


async def sessions_of_person(session: AsyncSession, person: str, at: datetime) -> Sequence[SessionRow]:
    """Return the sessions of `person` that are not over, the latest first."""
    own = select(SessionRow).where(
        col(SessionRow.person) == person,
        col(SessionRow.began_at) > at - _ABSOLUTE,
        col(SessionRow.seen_at) > at - _IDLE,
    )
    return (await session.execute(own.order_by(col(SessionRow.began_at).desc()))).scalars().all()
