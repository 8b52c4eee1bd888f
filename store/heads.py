"""The ends of all chains: a look at them takes moments, where checking whole chains takes minutes."""

from collections.abc import Callable
from typing import Final

from sqlalchemy import and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from domain.chain import Link, follows
from store.tables import EventRow

_AT_A_TIME: Final = 1000


async def hold(session: AsyncSession, enough: Callable[[], bool] = lambda: False) -> bool | None:
    """Return whether the last event of every case is what was put on its chain, after the one before it.

    None where it was `enough` before all were looked at, and those that were hold.
    """
    after = ""
    while True:
        last = (
            select(col(EventRow.case).label("case"), func.max(col(EventRow.n)).label("n"))
            .where(col(EventRow.case) > after)
            .group_by(col(EventRow.case))
            .order_by(col(EventRow.case))
            .limit(_AT_A_TIME)
            .subquery()
        )
        columns = col(EventRow.case), col(EventRow.n), col(EventRow.entry), col(EventRow.previous), col(EventRow.hash)
        found = (
            select(*columns)
            .join(last, and_(col(EventRow.case) == last.c.case, col(EventRow.n) >= last.c.n - 1))
            .order_by(col(EventRow.case), col(EventRow.n))
        )
        links: dict[str, list[Link]] = {}
        for case, n, entry, previous, hash_ in (await session.execute(found)).all():
            links.setdefault(case, []).append(Link(case=case, n=n, entry=entry, previous=previous, hash=hash_))
        if not all(follows(ends[-1], ends[-2] if len(ends) > 1 else None) for ends in links.values()):
            return False
        if len(links) < _AT_A_TIME:
            return True
        if enough():
            return None
        after = next(reversed(links))
