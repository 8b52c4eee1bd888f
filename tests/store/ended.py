"""The end of a confidential case of `tests.confidence`, and the time when it need not be kept any more."""

from datetime import UTC, date, datetime
from typing import Final

from tests.confidence import an_act
from tests.store.carrying import Carried

BORN: Final = date(1965, 5, 4)
KEPT_UNTIL: Final = date(2037, 1, 11)
"""Ten years after it was recorded, which comes after the subject's pension age."""

LONG_AFTER: Final = datetime(2037, 1, 12, 8, tzinfo=UTC)


async def the_end(case: Carried, born_on: date | None = BORN) -> None:
    """Bring a case to its end: it was unfounded."""
    for kind in ("lado_referral_made", "lado_advice_recorded"):
        await case.act(an_act("head", kind))
    await case.act(an_act("head", "outcome_recorded", born_on=born_on))
