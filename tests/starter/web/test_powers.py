"""The page of changes of power: who sees and settles what, one by one or a whole number at once, and what is kept."""

import re
from collections.abc import Mapping

import pytest
from httpx2 import Response

from domain.people import Holding, Person
from domain.power import PowerChange, What
from starter.web.site import Site
from store import people, power
from tests.builders import ADA, BEN, DEV, HELEN, SCHOOL, a_person
from tests.starter.web.conftest import Browser, Clock, RememberedCases, SignedIn, page_of
from tests.starter.web.school import ELMBROOK, RUTH

NINA = a_person("nina", "Nina Shah", administrator=True)
OMAR = a_person("omar", "Omar Reid", administrator=True)
HEAD = f"{SCHOOL}:headteacher"
PLACE = "/admin/changes-of-power"


@pytest.fixture(autouse=True)
async def three_administrators(site: Site) -> None:
    """Have Nina and Omar administer Elmbrook beside Ada."""
    async with site.db.write() as session:
        await people.save(session, (NINA, OMAR))


@pytest.fixture
async def ada(signed_in: SignedIn) -> Browser:
    return await signed_in(ADA.email, strong=True)


@pytest.fixture
async def nina(signed_in: SignedIn) -> Browser:
    return await signed_in(NINA.email, strong=True)


def a_change(what: What, before: str, after: str, person: str = "ben", of: str = "") -> PowerChange:
    return PowerChange(person=person, what=what, of=of, before=before, after=after)


SEAT = a_change(What.SEAT, "no", "yes", of=HEAD)
DEPUTY = a_change(What.DEPUTY, "", "dev", "helen")
MANAGER = a_change(What.LINE_MANAGER, "", "nina")


async def proposed(site: Site, *changes: PowerChange, by: str = "ada") -> list[str]:
    """Return the ids of what `by` proposed by a file."""
    async with site.db.write() as session:
        rows = await power.propose(session, ELMBROOK.organisation, changes, by=by, at=site.clock(), by_file=True)
        return [row.id for row in rows]


async def settle(browser: Browser, change: str, answer: str = "confirm") -> Response:
    return await browser.post(PLACE, {"change": change, "answer": answer})


async def settle_all(browser: Browser, batch: int = 1, answer: str = "confirm", **more: str) -> Response:
    """Open the page of all of a batch, and press one of its buttons."""
    field = page_of(await browser.get(f"{PLACE}/{batch}")).select_one("main input[name=digest]")
    digest = str(field["value"]) if field else "none"
    return await browser.post(f"{PLACE}/{batch}", {"digest": digest, "answer": answer, **more})


async def known(site: Site, person: str) -> Person:
    async with site.db.read() as session:
        found = await people.person(session, person)
    assert found is not None
    return found


def text_of(answer: Response) -> str:
    return re.sub(r"\s+", " ", page_of(answer).get_text(" "))


def to_settle(answer: Response) -> list[str]:
    """Return the ids of the changes that the page lets the visitor settle."""
    return [str(field["value"]) for field in page_of(answer).select("main input[name=change]")]


async def test_a_batch_says_whose_power_changes_from_what_to_what_and_who_proposed_it(
    nina: Browser, site: Site
) -> None:
    await proposed(site, SEAT, DEPUTY, a_change(What.ADMINISTRATOR, "no", "yes", "otto"))
    await proposed(site, a_change(What.LAST_DAY, "2026-10-30", "", "otto"))
    shown = text_of(await nina.get(PLACE))
    for said in (
        "Number 1",
        "Number 2",
        "Ada Quinn proposed this on Monday 2 November 2026. What nobody confirms before Wednesday 2 December 2026",
        "Ben Carter, ben@elmbrook.example: Headteacher, Elmbrook Primary School Now Does not hold it Then Holds this",
        "Helen Marsh, helen@elmbrook.example: Deputy Now Nobody Then Dev Patel, dev@elmbrook.example",
        "Otto Lind, otto@elmbrook.example: Administrator of Duly Now No Then Yes",
        "Otto Lind, otto@elmbrook.example: Last day Now 30 October 2026 Then None",
    ):
        assert said in shown


async def test_what_a_second_person_confirms_takes_effect_and_stays_on_the_page(nina: Browser, site: Site) -> None:
    [seat, deputy] = await proposed(site, SEAT, DEPUTY)
    assert (await settle(nina, seat)).headers["Location"] == PLACE
    assert (await known(site, "ben")).holdings == (Holding(school=SCHOOL, seat="headteacher"),)
    assert (await settle(nina, deputy, "refuse")).status_code == 303
    assert (await known(site, "helen")).deputy is None
    page = await nina.get(PLACE)
    assert "No change waits." in text_of(page)
    items = [re.sub(r"\s+", " ", item.get_text(" ")) for item in page_of(page).select("main .duly-rows li")]
    assert len(items) == 2
    assert any("Headteacher, Elmbrook Primary School" in item and "Confirmed by Nina Shah" in item for item in items)
    assert any("Helen Marsh: Deputy" in item and "Refused by Nina Shah" in item for item in items)


async def test_the_first_person_is_never_the_second(ada: Browser, site: Site) -> None:
    ids = await proposed(site, SEAT, DEPUTY)
    page = await ada.get(PLACE)
    assert to_settle(page) == []
    assert "You proposed it, so another administrator has to settle it." in text_of(page)
    for answer in ("confirm", "refuse"):
        assert (await settle(ada, ids[0], answer)).status_code == 404
        assert (await ada.get(f"{PLACE}/1")).status_code == 404
        assert (await settle_all(ada, answer=answer)).status_code == 409
    assert await known(site, "ben") == BEN


async def test_nobody_confirms_a_change_that_concerns_them(nina: Browser, signed_in: SignedIn, site: Site) -> None:
    ids = await proposed(site, MANAGER, a_change(What.ADMINISTRATOR, "yes", "no", "nina"), SEAT)
    page = await nina.get(PLACE)
    assert to_settle(page) == [ids[2]]
    assert text_of(page).count("It concerns you, so another administrator has to settle it.") == 2
    for change in ids[:2]:
        assert (await settle(nina, change)).status_code == 404
    await settle_all(nina)
    assert (await known(site, "ben")).line_manager is None
    assert (await known(site, "ben")).holdings
    omar = await signed_in(OMAR.email, strong=True)
    assert sorted(to_settle(await omar.get(PLACE))) == sorted(ids[:2])


async def test_all_of_a_batch_is_settled_at_once_after_it_was_listed(nina: Browser, site: Site) -> None:
    await proposed(site, SEAT, DEPUTY, MANAGER)
    link = page_of(await nina.get(PLACE)).select_one(f"main a[href='{PLACE}/1']")
    assert link is not None
    assert link.get_text() == "Confirm or refuse 2 at once of number 1"
    page = await nina.get(f"{PLACE}/1")
    shown = text_of(page)
    assert "Ben Carter, ben@elmbrook.example: Headteacher" in shown
    assert "Helen Marsh, helen@elmbrook.example: Deputy" in shown
    assert "Line manager" not in shown
    buttons = [button.get_text() for button in page_of(page).select("main button")]
    assert buttons == ["Confirm these 2 changes", "Refuse these 2 changes"]
    assert (await settle_all(nina)).headers["Location"] == PLACE
    assert (await known(site, "ben")).holdings
    assert (await known(site, "helen")).deputy == "dev"
    assert (await known(site, "ben")).line_manager is None


async def test_all_of_a_batch_can_be_refused(nina: Browser, site: Site) -> None:
    await proposed(site, SEAT, DEPUTY)
    assert (await settle_all(nina, answer="refuse")).status_code == 303
    assert (await known(site, "ben"), await known(site, "helen")) == (BEN, HELEN)
    assert text_of(await nina.get(PLACE)).count("Refused by Nina Shah") == 2


async def test_only_what_was_listed_is_settled(nina: Browser, signed_in: SignedIn, site: Site) -> None:
    ids = await proposed(site, SEAT, DEPUTY)
    page = await nina.get(f"{PLACE}/1")
    field = page_of(page).select_one("main input[name=digest]")
    assert field is not None
    await settle(await signed_in(OMAR.email, strong=True), ids[0], "refuse")
    answer = await nina.post(f"{PLACE}/1", {"digest": str(field["value"]), "answer": "confirm"})
    assert answer.status_code == 409
    [error] = page_of(answer).select(".govuk-error-summary a")
    assert "settled by now" in error.get_text()
    assert page_of(answer).select_one(str(error["href"])) is not None
    assert await known(site, "helen") == HELEN


async def test_where_one_of_a_batch_cannot_be_made_the_page_says_which_and_none_is(nina: Browser, site: Site) -> None:
    [_, taken] = await proposed(site, SEAT, a_change(What.ADDRESS, HELEN.email, DEV.email, "helen"))
    answer = await settle_all(nina)
    assert answer.status_code == 409
    [error] = page_of(answer).select(".govuk-error-summary a")
    assert error["href"] == f"#change-{taken}"
    place = page_of(answer).select_one(f"#change-{taken} .govuk-error-message")
    assert place is not None
    assert "Somebody else has this address by now" in place.get_text()
    assert (await known(site, "ben"), await known(site, "helen")) == (BEN, HELEN)


async def test_somebody_new_at_an_address_of_before_is_shown_with_whose_it_was(nina: Browser, site: Site) -> None:
    comes = a_person("new", "Noor Aziz", email="old@elmbrook.example")
    [arrival, manager] = await proposed(
        site, a_change(What.ARRIVAL, "helen", comes.model_dump_json(), "new"), a_change(What.LINE_MANAGER, "", "new")
    )
    shown = text_of(await nina.get(PLACE))
    assert "Noor Aziz, old@elmbrook.example: New person" in shown
    assert "old@elmbrook.example was the address of Helen Marsh" in shown
    answer = await settle(nina, manager)
    assert answer.status_code == 409
    assert "settle first whether they come" in text_of(answer)
    await settle(nina, arrival)
    await settle(nina, manager)
    assert await known(site, "new") == comes
    assert (await known(site, "ben")).line_manager == "new"


async def test_what_nobody_confirmed_for_thirty_days_cannot_be_confirmed_any_more(
    site: Site, clock: Clock, signed_in: SignedIn
) -> None:
    [seat] = await proposed(site, SEAT)
    clock.pass_time(days=30)
    nina = await signed_in(NINA.email, strong=True)
    page = await nina.get(PLACE)
    assert to_settle(page) == []
    assert "Expired: nobody confirmed it within 30 days." in text_of(page)
    assert (await settle(nina, seat)).status_code == 303
    assert await known(site, "ben") == BEN


@pytest.mark.parametrize("who", ["helen@elmbrook.example", "amina@elmbrook.example"])
async def test_whoever_is_no_administrator_sees_nothing_and_settles_nothing(
    site: Site, signed_in: SignedIn, who: str
) -> None:
    ids = await proposed(site, SEAT)
    browser = await signed_in(who, strong=True)
    assert (await browser.get(PLACE)).status_code == 403
    assert (await settle(browser, ids[0])).status_code == 404
    assert (await browser.get(f"{PLACE}/1")).status_code == 404
    assert (await settle_all(browser)).status_code in {403, 409}
    assert await known(site, "ben") == BEN


async def test_administrators_elsewhere_neither_see_nor_settle_it(site: Site, signed_in: SignedIn) -> None:
    ids = await proposed(site, SEAT, DEPUTY)
    ruth = await signed_in(RUTH.email, strong=True)
    assert "Ben Carter" not in (await ruth.get(PLACE)).text
    theirs, unknown = await settle(ruth, ids[0]), await settle(ruth, "0" * 32)
    assert theirs.status_code == unknown.status_code == 404
    assert theirs.text == unknown.text
    assert (await ruth.get(f"{PLACE}/1")).status_code == (await ruth.get(f"{PLACE}/9")).status_code == 404


async def test_where_there_is_no_second_administrator_whoever_holds_a_seat_confirms_one(
    site: Site, signed_in: SignedIn
) -> None:
    async with site.db.write() as session:
        await people.save(session, [one.model_copy(update={"administrator": False}) for one in (NINA, OMAR)])
    made, seat = await proposed(site, a_change(What.ADMINISTRATOR, "no", "yes", "otto"), SEAT)
    ada = await signed_in(ADA.email, strong=True)
    assert "There should be two administrators, and there are not." in text_of(await ada.get(PLACE))
    helen = await signed_in(HELEN.email, strong=True)
    page = await helen.get(PLACE)
    assert to_settle(page) == [made]
    assert "Ben Carter" not in text_of(page)
    assert (await settle(helen, seat)).status_code == 404
    assert (await settle(helen, made)).status_code == 303
    assert (await known(site, "otto")).administrator
    assert (await helen.get(PLACE)).status_code == 403
    otto = await signed_in("otto@elmbrook.example", strong=True)
    assert (await settle(otto, seat)).status_code == 303
    assert (await known(site, "ben")).holdings


async def test_those_concerned_are_told_by_whom_it_was_settled(
    nina: Browser, site: Site, cases: RememberedCases
) -> None:
    [seat] = await proposed(site, SEAT)
    await settle(nina, seat)
    mails = {(mail.template, mail.person): mail for mail in cases.mails}
    assert ("power_proposed", "ben") in mails
    assert mails["power_settled", "ben"].titles == ("Confirmed: A seat of Ben Carter",)
    assert mails["power_settled", "ben"].requester == "Nina Shah"


@pytest.mark.parametrize(
    "fields", [{"change": "x", "answer": "perhaps"}, {"change": "x"}, {"change": "x", "answer": "confirm", "more": "x"}]
)
async def test_what_no_page_sends_is_refused(nina: Browser, fields: Mapping[str, str]) -> None:
    await nina.get(PLACE)
    assert (await nina.post(PLACE, fields)).status_code == 422


async def test_a_get_settles_nothing(nina: Browser, site: Site) -> None:
    ids = await proposed(site, SEAT)
    await nina.get(f"{PLACE}?change={ids[0]}&answer=confirm")
    await nina.get(f"{PLACE}/1?answer=confirm")
    assert to_settle(await nina.get(PLACE)) == ids
