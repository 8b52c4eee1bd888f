"""A case that has ended, and of which an answer is under question since or void: every page says so, in words."""

import pytest

from domain.approvals import RESTS_ON_ANSWERS
from domain.cases import Standing
from starter.web.cases import in_doubt
from starter.web.coming_round import round_state
from store.tables import SiteRow
from tests.starter.web.conftest import Browser, SignedIn, page_of
from tests.starter.web.living import CASE as LIFE
from tests.starter.web.living import begun, registered, went_live
from tests.starter.web.running import Running
from tests.starter.web.test_decide import text_of
from tests.starter.web.test_disputes import late, say_so, settle, token

__all__ = ["late", "token"]

CASE = "/cases/K7QM-4TXR"
LISTS = ("/", "/tasks")


async def test_a_case_under_question_since_it_ended_is_so_on_its_page_and_in_every_list(
    client: Browser, running: Running, signed_in: SignedIn, late: str
) -> None:
    """Not by colour alone, and green nowhere."""
    del running
    ada, amina = await signed_in("ada@elmbrook.example"), await signed_in("amina@elmbrook.example")
    assert "under question" not in text_of(await amina.get(CASE))
    await say_so(client, late)
    page = await amina.get(CASE)
    tag = page_of(page).select_one("main .govuk-tag")
    assert tag is not None
    assert tag.get_text(strip=True) == "Approved, under question"
    assert "govuk-tag--green" not in tag["class"]
    assert "But it is under question since" in text_of(page)
    assert "in the register; but that is under question" in text_of(page)
    for address in LISTS:
        assert "Approved, under question" in text_of(await amina.get(address)), address
    assert "Approved, under question" in text_of(await ada.get("/admin/cases"))
    assert '"Approved, under question"' in (await ada.get("/admin/cases.csv")).text
    await settle(ada, stands="yes")
    for browser, address in ((amina, CASE), *((amina, one) for one in LISTS), (ada, "/admin/cases")):
        assert "under question" not in text_of(await browser.get(address)), address


async def test_a_case_whose_approval_is_void_since_it_ended_is_approved_in_no_list(
    client: Browser, running: Running, signed_in: SignedIn, late: str
) -> None:
    del running
    ada, amina = await signed_in("ada@elmbrook.example"), await signed_in("amina@elmbrook.example")
    await say_so(client, late)
    await settle(ada, stands="no")
    page = text_of(await amina.get(CASE))
    assert "found to be void: nothing rests on it any more" in page
    assert "in the register; but an answer was found to be void" in page
    for browser, address in ((amina, "/"), (amina, "/tasks"), (ada, "/admin/cases")):
        assert "Approval void" in text_of(await browser.get(address)), address
    assert '"Approval void"' in (await ada.get("/admin/cases.csv")).text


@pytest.mark.parametrize(
    ("since", "says", "colour"),
    [
        ("questioned_at", "Live, approval under question", "govuk-tag--orange"),
        ("void_at", "Live, approval void", "govuk-tag--red"),
    ],
)
async def test_a_site_is_not_simply_live_whose_approval_is_in_doubt(
    running: Running, signed_in: SignedIn, since: str, says: str, colour: str
) -> None:
    await registered(running)
    await begun(running)
    await went_live(running)
    ben = await signed_in("ben@elmbrook.example")
    tag = page_of(await ben.get(LIFE)).select_one("main .govuk-tag")
    assert tag is not None
    assert (tag.get_text(strip=True), "govuk-tag--green" in tag["class"]) == ("Live", True)
    async with running.site.db.write() as session:
        setattr(await session.get_one(SiteRow, "c-1"), since, running.site.clock())
    tag = page_of(await ben.get(LIFE)).select_one("main .govuk-tag")
    assert tag is not None
    assert (tag.get_text(strip=True), colour in tag["class"]) == (says, True)


@pytest.mark.parametrize(
    ("ended", "questioned", "void", "says"),
    [
        ("Approved", False, False, "Approved"),
        ("Approved", True, False, "Approved, under question"),
        ("Approved", True, True, "Approval void"),
        ("Rejected", True, False, "Rejected, under question"),
        ("Rejected", False, True, "Rejected, by an answer that is void"),
    ],
)
def test_what_is_in_doubt_is_said_beside_how_it_ended(ended: str, questioned: bool, void: bool, says: str) -> None:
    assert in_doubt(ended, questioned=questioned, void=void) == says


@pytest.mark.parametrize(("outcome", "says"), [("signed", "Signed, under question"), ("called_off", "Called off")])
def test_a_signature_that_is_disputed_is_under_question(outcome: str, says: str) -> None:
    """What nobody answered does not come under question."""
    assert (outcome in RESTS_ON_ANSWERS) == ("question" in says)
    assert round_state("signature", Standing(outcome=outcome, disputed=("a1",)), ()) == says
