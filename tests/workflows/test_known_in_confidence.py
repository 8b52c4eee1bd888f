"""In a confidential case a link and a program's token carry no authority, even where a door sent what they bring."""

import pytest

from domain.base import How
from domain.cases import Reply
from tests.packs.confidential import an_opening, played, record, whom
from tests.packs.trying import whole_pack

CADMUS = whole_pack("cadmus")


@pytest.mark.parametrize("how", ["link", "token"])
@pytest.mark.parametrize("kind", ["lado_referral_made", "police_contacted"])
def test_nothing_is_put_on_record_by_a_link_or_a_token(how: How, kind: str) -> None:
    opening = an_opening(CADMUS)
    [manager, *_] = whom(played(opening))
    act = record(manager, kind, "a1")
    assert played(opening, act).replies == (Reply(says="done"),)
    tried = played(opening, act.model_copy(update={"how": how}))
    assert tried.replies == (Reply(says="not_offered"),)
    assert tried.events == played(opening).events
