"""The interface for programs: the tokens of people, and which key of theirs began which draft.

Of a token only the digest is kept, so that whoever reads the database can use none.
"""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, SQLModel, col

from store.keys import Keyring
from store.statements import first, table
from store.tables import Instant, PersonRow

MOST_TOKENS: Final = 20
"""Tokens that one person has at the same time."""

_SECRET: Final = 32
_BEGINS: Final = "duly_"
_KEPT: Final = timedelta(days=30)


class TokenRow(SQLModel, table=True):
    """A token with which a program does what its person may: the digest of it, what it is for, and until when.

    `scopes` are separated by spaces. `revoked_by` is who ended it, where that was somebody else.
    """

    __tablename__ = "api_token"
    digest: str = Field(primary_key=True)
    id: str = Field(unique=True)
    person: str = Field(foreign_key="person.id", index=True)
    name: str
    scopes: str
    made_at: datetime = Field(sa_type=Instant)
    expires_at: datetime = Field(sa_type=Instant)
    last_used_on: date | None = None
    revoked_at: datetime | None = Field(default=None, sa_type=Instant)
    revoked_by: str | None = None


class StartKeyRow(SQLModel, table=True):
    """A key under which somebody's program asked for a case: the one draft that came of it, and a mark of the request.

    `key` is a digest of person and key.
    """

    __tablename__ = "api_start"
    key: str = Field(primary_key=True)
    draft: str = Field(foreign_key="draft.key", unique=True)
    mark: str
    at: datetime = Field(sa_type=Instant)


_TOKEN: Final = select(table(TokenRow)).where(table(TokenRow).c.digest == bindparam("digest"))


def digest(token: str) -> str:
    """Return what of a token is kept."""
    return hashlib.sha256(b"duly/api-token/v1" + token.encode()).hexdigest()


def draw() -> str:
    """Return a token that nobody has."""
    return _BEGINS + secrets.token_urlsafe(_SECRET)


async def make_token(
    session: AsyncSession, *, id_: str, person: str, name: str, scopes: Sequence[str], at: datetime, lasts: timedelta
) -> str | None:
    """Return a new token; None where one with that id was made already, which is shown to nobody again."""
    if (await session.scalars(select(TokenRow).where(col(TokenRow.id) == id_))).first() is not None:
        return None
    over = (col(TokenRow.expires_at) <= at - _KEPT) | (col(TokenRow.revoked_at) <= at - _KEPT)
    await session.execute(delete(TokenRow).where(col(TokenRow.person) == person, over))
    token = draw()
    row = TokenRow(
        digest=digest(token),
        id=id_,
        person=person,
        name=name,
        scopes=" ".join(scopes),
        made_at=at,
        expires_at=at + lasts,
    )
    session.add(row)
    await session.flush()
    return token


async def token_of(session: AsyncSession, token: str, at: datetime) -> TokenRow | None:
    """Return what is kept of a token; None where there is none, or it is over."""
    row = await first(session, _TOKEN, TokenRow, digest=digest(token))
    return row if row is not None and is_good(row, at) else None


def is_good(row: TokenRow, at: datetime) -> bool:
    """Return whether a token can be used still, as far as it is for the token to say."""
    return row.revoked_at is None and row.expires_at > at


async def note_use(session: AsyncSession, digest_: str, day: date) -> None:
    """Note the day on which a token was last used."""
    await session.execute(update(TokenRow).where(col(TokenRow.digest) == digest_).values(last_used_on=day))


async def tokens_of(session: AsyncSession, person: str) -> Sequence[TokenRow]:
    """Return the tokens of somebody, the latest first, for a month also those that are over."""
    own = select(TokenRow).where(col(TokenRow.person) == person)
    return (await session.scalars(own.order_by(col(TokenRow.made_at).desc(), col(TokenRow.id)))).all()


async def revoke(session: AsyncSession, person: str, id_: str, at: datetime) -> None:
    """End one of the tokens of `person`."""
    own = (col(TokenRow.person) == person, col(TokenRow.id) == id_, col(TokenRow.revoked_at).is_(None))
    await session.execute(update(TokenRow).where(*own).values(revoked_at=at))


async def good_tokens(session: AsyncSession, organisation: str, at: datetime) -> Sequence[TokenRow]:
    """Return the tokens of everybody of an organisation that are not over, the latest first."""
    ours = select(col(PersonRow.id)).where(col(PersonRow.organisation) == organisation)
    good = select(TokenRow).where(
        col(TokenRow.person).in_(ours), col(TokenRow.revoked_at).is_(None), col(TokenRow.expires_at) > at
    )
    return (await session.scalars(good.order_by(col(TokenRow.made_at).desc(), col(TokenRow.id)))).all()


async def revoke_in(session: AsyncSession, organisation: str, id_: str, by: str, at: datetime) -> str | None:
    """End the token of somebody of `organisation`; return whose it was; None where there is none, or it is over."""
    row = next((row for row in await good_tokens(session, organisation, at) if row.id == id_), None)
    if row is None:
        return None
    row.revoked_at, row.revoked_by = at, by
    await session.flush()
    return row.person


async def forget_tokens(session: AsyncSession, people: Sequence[str]) -> None:
    """Let no token of `people` be any more."""
    await session.execute(delete(TokenRow).where(col(TokenRow.person).in_(people)))


async def begun_under(session: AsyncSession, person: str, key: str) -> StartKeyRow | None:
    """Return what came of a key with which a program of `person` asked for a case, or None."""
    return await session.get(StartKeyRow, _key(person, key))


async def keep_key(session: AsyncSession, person: str, key: str, draft: str, mark: str, at: datetime) -> None:
    """Note which draft came of a key.

    Raises:
        IntegrityError: the key has one already.
    """
    session.add(StartKeyRow(key=_key(person, key), draft=draft, mark=mark, at=at))
    await session.flush()


def mark_of(ring: Keyring, asked: str) -> str:
    """Return what stands for what was asked with a key: nobody guesses an answer by it."""
    return ring.system().mark("api-start", asked)


def _key(person: str, key: str) -> str:
    return hashlib.sha256(f"duly/api-start/v1|{person}|{key}".encode()).hexdigest()
