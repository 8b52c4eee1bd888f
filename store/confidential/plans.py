"""How somebody steps in on a site themself, for those who see to a report that names it; it is written nowhere."""

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import and_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from domain.text import fold_name
from domain.versions import as_approved
from store import queries
from store.keys import CaseKeyMissingError, CaseKeys, SealBrokenError
from store.rounds.tables import LifeRow
from store.tables import CaseRow, SiteRow

_PLAN: Final = "intervention"
"""The question of a site's form in which its plan stands."""

_HOST: Final = "host_name"
_SCHEME: Final = re.compile(r"^\s*(?:https?://)?(?:www\.)?", re.IGNORECASE)
_SHORTEST: Final = 4
"""Letters of a title: a shorter one stands in many a sentence that is about something else."""


@dataclass(frozen=True)
class Plan:
    """What is done on a site where its host does not step in, as its form has it."""

    title: str
    address: str
    host: str
    plan: str = field(repr=False)


async def plans_for(session: AsyncSession, keys: CaseKeys, organisation: str, words: Sequence[str]) -> list[Plan]:
    """Return the plans of those approved sites that `words` name, by title or by address.

    Source: Cadmus 18.5 (LIFE-10).
    """
    said = f" {' '.join(map(fold_name, words))} "
    sites = (
        select(SiteRow, LifeRow)
        .outerjoin(LifeRow, and_(col(LifeRow.site) == col(SiteRow.case)))
        .where(col(SiteRow.organisation) == organisation)
        .order_by(col(SiteRow.title), col(SiteRow.case))
    )
    found = []
    for site, joined in (await session.execute(sites)).all():
        life: LifeRow | None = joined
        address = life.address if life is not None else ""
        if _is_named(site.title, said, _SHORTEST) or _is_named(_SCHEME.sub("", address), said):
            answers = await _answers(session, keys, life.case if life is not None else site.case)
            if answers.get(_PLAN):
                found.append(Plan(site.title, address, str(answers.get(_HOST, "")), str(answers[_PLAN])))
    return found


def _is_named(what: str, said: str, shortest: int = 1) -> bool:
    folded = fold_name(what)
    return len(folded) >= shortest and f" {folded} " in said


async def _answers(session: AsyncSession, keys: CaseKeys, case: str) -> dict[str, object]:
    """Return what the form of a site says, as it was approved; nothing where that cannot be read any more."""
    row = await session.get(CaseRow, case)
    if row is None:
        return {}
    with suppress(CaseKeyMissingError, SealBrokenError, queries.BrokenRecordError):
        opening = await queries.opening_of(session, keys, row)
        if not queries.is_nobodys(row):
            standing = await queries.standing_of(session, keys, row)
            return dict((standing.request or opening.request).answers)
        history = await queries.history(session, keys, case)
        return dict(as_approved((said.event for said in history), opening.request.answers))
    return {}
