"""The lives of the sites in the register: how each stands, who runs it, and what comes next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from store.queries import UNSEALED
from store.rounds.tables import ComingRow, LifeRow, TeamRow
from store.tables import CaseRow


@dataclass(frozen=True)
class Living:
    """The life of a site: its row, the case of it, who runs it by role, and the dates to come, the soonest first."""

    life: LifeRow
    case: CaseRow
    team: dict[str, tuple[str, ...]]
    coming: tuple[ComingRow, ...]


async def lives_of(session: AsyncSession, sites: Sequence[str], today: date) -> dict[str, Living]:
    """Return the lives of `sites`, by the ids of the cases that approved these, at the cost of three questions.

    A site that was approved before there were lives has none.
    """
    wanted = (
        select(LifeRow, CaseRow)
        .join(CaseRow, col(CaseRow.id) == col(LifeRow.case))
        .where(col(LifeRow.site).in_(sites))
        .options(*UNSEALED)
    )
    found = (await session.execute(wanted)).all()
    cases = [life.case for life, _ in found]
    teams: dict[str, dict[str, tuple[str, ...]]] = {case: {} for case in cases}
    for row in await session.scalars(select(TeamRow).where(col(TeamRow.case).in_(cases)).order_by(col(TeamRow.person))):
        teams[row.case][row.role] = (*teams[row.case].get(row.role, ()), row.person)
    coming: dict[str, list[ComingRow]] = {case: [] for case in cases}
    ahead = select(ComingRow).where(col(ComingRow.case).in_(cases), col(ComingRow.day) >= today)
    for one in await session.scalars(ahead.order_by(col(ComingRow.day), col(ComingRow.what))):
        coming[one.case].append(one)
    return {life.site: Living(life, case, teams[case.id], tuple(coming[case.id])) for life, case in found}
