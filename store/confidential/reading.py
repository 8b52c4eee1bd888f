"""The record of confidential cases, as pages read it: who may see one, who reported it, who read it.

What a page shows it shows after `access_of` and `domain.access.allow`; a case that somebody may not see and one that is
not there are to look the same, so pages go by `for_person` and never tell the two apart.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy.ext.asyncio import AsyncSession

from domain.access import ConfidentialAccess
from domain.base import Frozen
from domain.cases import Batch, Opening, Standing
from domain.events import Recorded
from domain.people import Asked, Directory
from store.confidential.tables import ConfidentialRow
from store.keys import CaseKeys
from store.tables import MailRow


class Read(Frozen):
    """Somebody read something of a case: who, what, and when."""

    person: str
    what: str
    at: datetime


class Emergency(Frozen):
    """A case that is to be opened in an emergency, and is once a second custodian agreed, until `until`."""

    id: str
    proposed_by: str
    reason: str
    proposed_at: datetime
    confirmed_by: str | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class Confidential:
    """A confidential case, whole.

    `asked` is whom each open ask reaches, `opened` the references of the cases that were opened out of it, `refused`
    the people whose latest mail of it could not be delivered, `emergencies` what was proposed and what was opened.
    """

    row: ConfidentialRow
    opening: Opening
    standing: Standing
    history: tuple[Recorded, ...]
    asked: Mapping[str, tuple[Asked, ...]]
    opened: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    emergencies: tuple[Emergency, ...] = ()


async def by_reference(session: AsyncSession, keys: CaseKeys, reference: str) -> Confidential | None:
    """Return the case with that reference, or None. Pages go by `for_person`, which takes no longer where it exists."""
    raise NotImplementedError


async def for_person(session: AsyncSession, keys: CaseKeys, reference: str, person: str) -> Confidential | None:
    """Return the case with that reference if `person` is in it; None for anybody else, at the cost of no case."""
    raise NotImplementedError


async def of_person(session: AsyncSession, keys: CaseKeys, person: str) -> list[Confidential]:
    """Return the open cases in which `person` is asked or told, or which were opened for them, the latest first."""
    raise NotImplementedError


def access_of(confidential: Confidential, directory: Directory, at: datetime) -> ConfidentialAccess:
    """Return what of a case decides who may see it, by the people as they are in `directory` at `at`."""
    raise NotImplementedError


def new_receipt() -> str:
    """Return a new code for a reporter, in groups that can be read aloud: more than 128 bits."""
    raise NotImplementedError


async def keep_receipt(session: AsyncSession, case: str, code: str) -> None:
    """Keep the digest of the `code` by which the reporter of `case` comes back to it."""
    raise NotImplementedError


async def by_receipt(session: AsyncSession, keys: CaseKeys, code: str) -> Confidential | None:
    """Return the case of a reporter's code, however it was typed, or None."""
    raise NotImplementedError


async def note_read(session: AsyncSession, keys: CaseKeys, case: str, person: str, what: str, at: datetime) -> None:
    """Write down that `person` read `what` of `case`."""
    raise NotImplementedError


async def reads_of(session: AsyncSession, keys: CaseKeys, case: str) -> list[Read]:
    """Return who read what of a case, the first first."""
    raise NotImplementedError


async def propose_opening(
    session: AsyncSession,
    keys: CaseKeys,
    case: Confidential,
    directory: Directory,
    person: str,
    reason: str,
    at: datetime,
) -> str | None:
    """Propose, for a reason, that `case` be opened in an emergency; return the proposal's id.

    None is somebody who is no custodian of it, or may not learn of it.
    """
    raise NotImplementedError


async def open_in_emergency(
    session: AsyncSession,
    keys: CaseKeys,
    case: Confidential,
    directory: Directory,
    proposal: str,
    person: str,
    at: datetime,
) -> tuple[MailRow, ...] | None:
    """Open `case` for an hour to the two custodians who want it; return the mails that tell everybody in it.

    None is somebody who is no custodian of it, or may not learn of it, or proposed it themselves; or a proposal that
    is not there, was confirmed before, or is a day old.
    """
    raise NotImplementedError


async def in_custody(
    session: AsyncSession, keys: CaseKeys, directory: Directory, organisation: str, person: str, at: datetime
) -> list[Confidential]:
    """Return the open cases that `person` could open in an emergency with another; nothing of one that recuses them."""
    raise NotImplementedError


async def health(
    session: AsyncSession, keys: CaseKeys, organisation: str, at: datetime
) -> Literal["in_order", "needs_attention"]:
    """Return whether all confidential cases are seen to, without a word of how many there are.

    One needs attention whose ask reaches nobody, or was escalated and is overdue, or whose mail was refused.
    """
    raise NotImplementedError


async def write(session: AsyncSession, keys: CaseKeys, batch: Batch, at: datetime) -> object:
    """Put `batch` on record."""
    raise NotImplementedError
