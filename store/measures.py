"""What is counted about ordinary cases: what is open for how long, what is overdue and whose move it is, what failed.

Of confidential cases nothing is counted, neither by itself nor within a sum: each of these numbers is the same with and
without them. Mails that name no case are left out for that reason, since those of confidential cases look like them.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, String, and_, exists, func, literal_column, select
from sqlalchemy import case as case_of
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from domain.base import Frozen
from store.tables import AskedRow, AskRow, CaseRow, MailRow

AGES: Final = (("under 1 day", 1), ("1 to 7 days", 7), ("7 to 28 days", 28), ("28 to 90 days", 90))
"""How old an open case is, in words, and the number of days below which it is so."""
OLDEST: Final = "over 90 days"

_DELIVERED_BY_NOW: Final = timedelta(minutes=15)

Labels = tuple[str, ...]


class Measures(Frozen):
    """The numbers of one moment, by organisation, process, school and what else tells them apart.

    `open` by how old the case is; `asked` and `overdue` by the seat that was asked. By nothing else: `held`, `nobody`
    (asks that reach nobody), `refused` (mails of open cases that were refused for good), `waiting` (mails that should
    have gone by now).
    """

    open: dict[Labels, int]
    held: dict[Labels, int]
    asked: dict[Labels, int]
    overdue: dict[Labels, int]
    nobody: dict[Labels, int]
    refused: dict[Labels, int]
    waiting: dict[Labels, int]


async def measure(session: AsyncSession, now: datetime) -> Measures:
    """Return the numbers as they are `now`."""
    case = (col(CaseRow.organisation), col(CaseRow.process), col(CaseRow.school))
    ask = (*case, col(AskRow.seat))
    is_open, is_held = col(CaseRow.closed_at).is_(None), col(CaseRow.held_at).is_not(None)
    age = _age(now).label("age")
    asks = select(*ask, func.count()).select_from(AskRow).join(CaseRow, col(AskRow.case) == col(CaseRow.id))
    # A held case waits, and nobody can answer: its asks are nobody's move.
    asks = asks.where(col(AskRow.closed_at).is_(None), is_open, ~is_held).group_by(*ask)
    reached = exists().where(and_(col(AskedRow.case) == col(AskRow.case), col(AskedRow.ask) == col(AskRow.ask)))
    mails = (
        select(*case, func.count())
        .select_from(MailRow)
        .join(CaseRow, col(MailRow.case) == col(CaseRow.id))
        .group_by(*case)
    )
    not_sent = (
        col(MailRow.sent_at).is_(None),
        col(MailRow.dropped_at).is_(None),
        col(MailRow.refused_at).is_(None),
        col(MailRow.gathered_at).is_(None),
        col(MailRow.queued_at) < now - _DELIVERED_BY_NOW,
    )
    return Measures(
        open=_by(await session.execute(select(*case, age, func.count()).where(is_open).group_by(*case, "age"))),
        held=_by(await session.execute(select(*case, func.count()).where(is_open, is_held).group_by(*case))),
        asked=_by(await session.execute(asks)),
        overdue=_by(await session.execute(asks.where(col(AskRow.due) < now))),
        nobody=_without_seat(_by(await session.execute(asks.where(~reached)))),
        refused=_by(await session.execute(mails.where(is_open, col(MailRow.refused_at).is_not(None)))),
        waiting=_by(await session.execute(mails.where(*not_sent))),
    )


def _age(now: datetime) -> ColumnElement[str]:
    """Return how old a case is, in words."""
    opened_at = col(CaseRow.opened_at)
    younger = [(opened_at > now - timedelta(days=days), _text(words)) for words, days in AGES]
    return case_of(*younger, else_=_text(OLDEST))


def _text(words: str) -> ColumnElement[str]:
    return literal_column(f"'{words}'", String)


def _by(rows: Iterable[Any]) -> dict[Labels, int]:
    return {tuple(row[:-1]): row[-1] for row in rows}


def _without_seat(counted: dict[Labels, int]) -> dict[Labels, int]:
    found: Counter[Labels] = Counter()
    for labels, count in counted.items():
        found[labels[:3]] += count
    return dict(found)
