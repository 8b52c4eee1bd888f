"""Checking the record: that no event of any case was changed, removed or put in another place."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from domain.base import Frozen
from domain.chain import Link, first_broken, keeps_its_word
from store import queries
from store.confidential import erasing
from store.confidential.tables import ConfidentialRow, TombstoneRow
from store.keys import CaseKeyMissingError, CaseKeys, SealBrokenError
from store.tables import CaseRow, EventRow

_AT_A_TIME: Final = 100


class Broken(Frozen):
    """Where the record of a case does not hold: the case by its reference, and its first event that is wrong.

    `case` is the id of a confidential case, and where the case itself is gone from the database.
    """

    case: str
    n: int


class AuditReport(Frozen):
    """What was found: how many cases and events there are, what is broken, what was erased, and whose key is not here.

    Of a case without its key the chain was checked, and not what its events say; so it is of one that was `erased`, and
    besides, that its chain ends with the link that says so.
    """

    cases: int
    events: int
    broken: tuple[Broken, ...]
    without_key: int
    erased: int = 0


class _Case(NamedTuple):
    id: str
    reference: str | None
    changed_at: datetime | None


async def verify(
    session: AsyncSession, keys: CaseKeys, progress: Callable[[int, int], None] = lambda done, total: None
) -> AuditReport:
    """Check every event of every case; `progress` is told how many cases are done, and of how many."""
    cases = await _cases(session)
    broken: list[Broken] = []
    events = without_key = erased = 0
    for start in range(0, len(cases), _AT_A_TIME):
        some = cases[start : start + _AT_A_TIME]
        links = await _links(session, some)
        tombstones = await erasing.tombstones(session, [case.id for case in some])
        for case in some:
            events += len(links[case.id])
            tombstone = tombstones.get(case.id)
            n = _first_wrong(case, links[case.id], tombstone)
            erased += tombstone is not None and n is None
            try:
                if n is None and tombstone is None:
                    await queries.history(session, keys, case.id)
            except queries.BrokenRecordError as found:
                n = found.n
            except (CaseKeyMissingError, SealBrokenError):
                without_key += 1
            if n is not None:
                broken.append(Broken(case=case.reference or case.id, n=n))
        progress(start + len(some), len(cases))
    return AuditReport(cases=len(cases), events=events, broken=tuple(broken), without_key=without_key, erased=erased)


async def _cases(session: AsyncSession) -> list[_Case]:
    """Return all cases, by reference; those too of which nothing is left but events."""
    others = (col(ConfidentialRow.id), col(TombstoneRow.case), col(EventRow.case))
    ids = select(col(CaseRow.id)).union(*map(select, others)).subquery()
    changed_at = func.coalesce(col(CaseRow.changed_at), col(ConfidentialRow.changed_at))
    statement = (
        select(ids.c.id, col(CaseRow.reference), changed_at)
        .outerjoin(CaseRow, col(CaseRow.id) == ids.c.id)
        .outerjoin(ConfidentialRow, col(ConfidentialRow.id) == ids.c.id)
        .order_by(col(CaseRow.reference), ids.c.id)
    )
    return [_Case(*row) for row in (await session.execute(statement)).all()]


async def _links(session: AsyncSession, cases: list[_Case]) -> dict[str, list[Link]]:
    columns = col(EventRow.case), col(EventRow.n), col(EventRow.entry), col(EventRow.previous), col(EventRow.hash)
    of_these = select(*columns).where(col(EventRow.case).in_([case.id for case in cases]))
    links: dict[str, list[Link]] = {case.id: [] for case in cases}
    for case, n, entry, previous, hash_ in (await session.execute(of_these.order_by(col(EventRow.n)))).all():
        links[case].append(Link(case=case, n=n, entry=entry, previous=previous, hash=hash_))
    return links


def _first_wrong(case: _Case, links: list[Link], tombstone: TombstoneRow | None) -> int | None:
    """Return the number of the first event that is wrong; one that the case knows of and that is gone, too."""
    n = first_broken(links)
    if n is not None:
        return n
    if tombstone is not None:
        return None if links and _says_so(links[-1], tombstone) else max(len(links), 1)
    if case.changed_at is None:
        return 1
    return len(links) + 1 if not links or _moment(links[-1].at) < case.changed_at else None


def _says_so(link: Link, tombstone: TombstoneRow) -> bool:
    """Return whether the last link of an erased case commits to its tombstone."""
    try:
        return keeps_its_word(link, erasing.last_words(tombstone))
    except ValueError:
        return False


def _moment(text: str) -> datetime:
    """Return the moment that an entry names; one that is none is long ago."""
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)
