"""The codes by which those who reported come back to their case. Only their digests are kept."""

import hashlib
import secrets
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from domain.refs import ALPHABET
from store.confidential.reading import Confidential, whole
from store.confidential.tables import ConfidentialRow, ReceiptRow
from store.keys import CaseKeys

_GROUPS: Final = 7
_LETTERS: Final = 4
"""Seven groups of four, of 31 letters: more than 128 bits."""


def new_receipt() -> str:
    """Return a new code, in groups that can be read aloud."""
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(_LETTERS)) for _ in range(_GROUPS))


async def keep_receipt(session: AsyncSession, case: str, code: str) -> None:
    """Keep what is needed to know `code` again as that of the reporter of `case`, which need not have begun."""
    session.add(ReceiptRow(digest=_digest(code), case=case))
    await session.flush()


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
