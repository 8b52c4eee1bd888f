"""Limits: how often one address may try links that lead nowhere, and how many cases may begin in a while."""

import math
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Literal, NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession

from settings import Settings
from store import queries

_MINUTE: Final = timedelta(minutes=1)
_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)
_MOST_ADDRESSES: Final = 10_000


@dataclass(frozen=True)
class Failures:
    """When each address failed within the last minute, or `within` another time, in memory only.

    Of very many addresses, those that failed last are known.

    Only failures are counted and only failures are refused, so that nobody is locked out of a school by somebody who
    shares its address.
    """

    within: timedelta = _MINUTE
    _known: OrderedDict[str, list[datetime]] = field(default_factory=OrderedDict)

    def add(self, address: str, most: int, at: datetime) -> int:
        """Count a failure of `address`, unless it had `most` within that time before `at`.

        Returns:
            After how many seconds the address may fail again: 0 where the failure was counted.
        """
        recent = [failed for failed in self._known.pop(address, ()) if failed > at - self.within]
        refused = len(recent) >= most
        self._known[address] = recent if refused else [*recent, at]
        if len(self._known) > _MOST_ADDRESSES:
            self._known.popitem(last=False)
        return seconds_until(recent[0] + self.within, at) if refused else 0

    def take_back(self, address: str) -> None:
        """Count the latest failure of `address` no more, because it came out well after all."""
        known = self._known.get(address)
        if known:
            known.pop()


class Full(NamedTuple):
    """No other case begins before `until`: there were too many of this person, or of all together."""

    whose: Literal["person", "all"]
    until: datetime


async def full_until(
    session: AsyncSession, settings: Settings, starter: str, at: datetime, *, may_be_limited: bool
) -> Full | None:
    """Return until when `starter` may begin no other case, or None where they may now.

    Cases are counted as they are on record. A process that may not be limited is never refused: a report of an
    allegation is taken whatever came before it, so whoever begins one says so with `may_be_limited=False`.
    """
    if not may_be_limited:
        return None
    own = await queries.nth_latest_opening(session, settings.cases_per_hour, at - _HOUR, starter)
    everybody = await queries.nth_latest_opening(session, settings.cases_per_day, at - _DAY)
    reached = [Full("person", own + _HOUR)] if own else []
    reached += [Full("all", everybody + _DAY)] if everybody else []
    return max(reached, key=lambda full: full.until, default=None)


def seconds_until(until: datetime, at: datetime) -> int:
    """Return the whole seconds from `at` after which `until` has come."""
    return math.ceil((until - at).total_seconds())
