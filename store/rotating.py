"""Wrapping anew, under the first key of the settings, what is wrapped under others: then those can be taken away.

What is sealed with the key of a case stays as it is; only that key is wrapped anew. It can be stopped at any moment and
begun again, and runs beside a Duly that has the same keys.
"""

from collections import Counter
from collections.abc import Callable
from typing import Any, Final

from sqlalchemy import CursorResult, Table, bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from domain.base import Frozen
from store import second_factors, webhooks
from store.database import Database
from store.keys import Keyring, SealBrokenError
from store.statements import table
from store.tables import CaseKeyRow, SecondFactorRow
from store.webhooks import WebhookRow

_AT_A_TIME: Final = 500
_KEYS: Final[Table] = table(CaseKeyRow)


class Uses(Frozen):
    """What a key is used for: how many keys of cases are wrapped under it, and how many other secrets sealed.

    Other secrets are those of authenticator apps and of webhooks.
    """

    cases: int = 0
    others: int = 0


class Use(Frozen):
    """What everything is wrapped under: by the names of keys, those of the settings first, in their order.

    `unknown` are other secrets that none of the keys of the settings opens.
    """

    by_key: dict[str, Uses]
    unknown: int = 0


class Rotated(Frozen):
    """What came of a rotation: how many keys of cases and other secrets were wrapped anew, and what could not be.

    `lacking` are the names of keys that are not here or are others, with how many keys of cases are wrapped under each.
    `late` are those of `cases` that were wrapped under another key while it was at work: something that runs does not
    know the first key, and will do so again.
    """

    cases: int
    others: int
    lacking: dict[str, int]
    unknown: int
    late: int = 0

    @property
    def whole(self) -> bool:
        """Return whether everything is wrapped under the first key now, and stays so."""
        return not self.lacking and not self.unknown and not self.late


async def uses(session: AsyncSession, ring: Keyring) -> Use:
    """Return what each key is used for."""
    counted = select(col(CaseKeyRow.wrapped_under), func.count()).group_by(col(CaseKeyRow.wrapped_under))
    cases = {name: int(count) for name, count in (await session.execute(counted)).all()}
    others: Counter[str | None] = Counter()
    for sealed in await _others(session):
        others[ring.seals(sealed)] += 1
    names = (*ring.keys, *sorted(cases.keys() - ring.keys.keys()))
    return Use(
        by_key={name: Uses(cases=cases.get(name, 0), others=others[name]) for name in names}, unknown=others[None]
    )


async def rotate(
    db: Database, ring: Keyring, progress: Callable[[int, int], None] = lambda done, total: None
) -> Rotated:
    """Wrap anew, some at a time, everything that is not wrapped under the first key.

    `progress` is told how many keys of cases were looked at, and of how many. What cannot be unwrapped stays as it is.

    Raises:
        SQLAlchemyError: the database does not answer; what was wrapped anew by then stays so.
    """
    cases, _ = await _wrap_all(db, ring, progress)
    async with db.write() as session:
        others, broken = await _seal_anew(session, ring)
        left = (await uses(session, ring)).unknown
    late, lacking = await _wrap_all(db, ring)
    return Rotated(cases=cases + late, others=others, lacking=dict(lacking), unknown=left + broken, late=late)


async def _wrap_all(
    db: Database, ring: Keyring, progress: Callable[[int, int], None] = lambda done, total: None
) -> tuple[int, Counter[str]]:
    """Wrap every key of a case anew that is not under the first key; return how many, and under which keys others stay.

    Raises:
        SQLAlchemyError: the database does not answer.
    """
    old = col(CaseKeyRow.wrapped_under) != ring.first
    async with db.read() as session:
        total = await session.scalar(select(func.count()).select_from(CaseKeyRow).where(old)) or 0
    looked = done = 0
    after = ""
    lacking: Counter[str] = Counter()
    while True:
        async with db.write() as session:
            wanted = select(CaseKeyRow).where(old, col(CaseKeyRow.case) > after).order_by(col(CaseKeyRow.case))
            rows = (await session.scalars(wanted.limit(_AT_A_TIME))).all()
            for row in rows:
                try:
                    done += await _wrap_anew(session, ring, row)
                except SealBrokenError:
                    lacking[row.wrapped_under] += 1
        looked += len(rows)
        progress(looked, max(total, looked))
        if len(rows) < _AT_A_TIME:
            return done, lacking
        after = rows[-1].case


async def _wrap_anew(session: AsyncSession, ring: Keyring, row: CaseKeyRow) -> int:
    """Wrap the key of one case anew, unless somebody else did, or destroyed it; return how many that were.

    Raises:
        SealBrokenError: it cannot be unwrapped.
    """
    key = ring.unwrap(row.case, row.wrapped_under, row.wrapped)
    same = (_KEYS.c.case == bindparam("of"), _KEYS.c.wrapped == bindparam("old"))
    changed: CursorResult[Any] = await session.execute(  # type: ignore[assignment]  # of an UPDATE it is one
        update(_KEYS).where(*same).values(wrapped_under=bindparam("name"), wrapped=bindparam("new")),
        {"of": row.case, "old": row.wrapped, "name": ring.first, "new": ring.wrap(row.case, key)},
    )
    return changed.rowcount


async def _seal_anew(session: AsyncSession, ring: Keyring) -> tuple[int, int]:
    """Seal the secrets of apps and webhooks anew that are not sealed under the first key.

    Return how many, and how many do not open though their key is here: they stay as they are.
    """
    done = broken = 0
    system = ring.system()
    apps = (await session.scalars(select(SecondFactorRow).with_for_update())).all()
    hooks = (await session.scalars(select(WebhookRow).with_for_update())).all()
    found: list[tuple[str, SecondFactorRow | WebhookRow]] = [(second_factors.place(app.person), app) for app in apps]
    found += [(webhooks.place(hook.id), hook) for hook in hooks]
    for place, row in found:
        if ring.seals(row.sealed_secret) in {ring.first, None}:
            continue
        try:
            secret = system.open(place, row.sealed_secret)
        except SealBrokenError:
            broken += 1
            continue
        row.sealed_secret = system.seal(place, secret)
        done += 1
    await session.flush()
    return done, broken


async def _others(session: AsyncSession) -> list[bytes]:
    apps = (await session.scalars(select(col(SecondFactorRow.sealed_secret)))).all()
    return [*apps, *(await session.scalars(select(col(WebhookRow.sealed_secret)))).all()]
