"""The codes by which those who reported come back to their case. Only their digests are kept."""

import hashlib
from typing import Final

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from domain.refs import ALPHABET
from store.confidential.reading import Confidential, whole
from store.confidential.tables import ConfidentialRow, ReceiptRow
from store.keys import CaseKeys

_GROUPS: Final = 7
_LETTERS: Final = 4
"""Seven groups of four, of 31 letters: more than 128 bits."""

_DRAWN: Final = 64
"""Bytes that the letters are drawn from: so many more than they say that each letter is as likely as any other."""


def receipt_of(token: str) -> str:
    """Return the code of the report with that secret token, in groups that can be read aloud.

    However often a report is sent, its reporter sees the one code: a form that is sent twice shows no other page.
    """
    drawn = int.from_bytes(hashlib.shake_256(b"duly/receipt-of/v1" + token.encode()).digest(_DRAWN))
    letters = ""
    for _ in range(_GROUPS * _LETTERS):
        drawn, letter = divmod(drawn, len(ALPHABET))
        letters += ALPHABET[letter]
    return "-".join(letters[n : n + _LETTERS] for n in range(0, len(letters), _LETTERS))


async def keep_receipt(session: AsyncSession, case: str, code: str) -> None:
    """Keep what is needed to know `code` again as that of the reporter of `case`, which need not have begun.

    What is kept already, of two who keep it at once too, is left as it is.
    """
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    await session.execute(insert(ReceiptRow).values(digest=_digest(code), case=case).on_conflict_do_nothing())


async def by_receipt(session: AsyncSession, keys: CaseKeys, code: str) -> Confidential | None:
    """Return the case of a code, however it was typed; None where there is none, or it has not begun.

    Every wrong code costs the same: it is looked up by its digest, whatever is wrong with it.
    """
    row = await session.get(ReceiptRow, _digest(code))
    case = await session.get(ConfidentialRow, row.case if row is not None else "")
    return await whole(session, keys, case) if case is not None else None


def _digest(code: str) -> str:
    letters = "".join(letter for letter in code.upper() if letter in ALPHABET)
    return hashlib.sha256(b"duly/receipt/v1" + letters.encode()).hexdigest()
