"""Correcting an address: it takes two, neither of them the person concerned, and what let in before ends."""

import asyncio
import re
from collections.abc import Mapping

import pytest
from httpx2 import Response
from structlog.testing import capture_logs

from domain.mails import PersonalMail
from domain.people import Person
from starter.web.site import Site
from store import mails, people
from store.power_mails import tell
from tests.builders import ADA, BEN, a_person
from tests.starter.web.conftest import Browser, Clock, RememberedCases, SignedIn, page_of
from tests.starter.web.running import Running, a_link, answered, link_row, requested
from tests.starter.web.school import RUTH

NINA = a_person("nina", "Nina Shah", administrator=True)
OMAR = a_person("omar", "Omar Reid", administrator=True)
NEW = "b.carter@elmbrook.example"
CORRECTION = {"person": "Ben Carter", "address": NEW, "why": "A slip in the file"}


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


async def propose(browser: Browser, **fields: str) -> Response:
    return await browser.post("/admin/correct-address", {**CORRECTION, **fields})


async def waiting_on(browser: Browser) -> list[str]:
    """Return the ids of the corrections that the page lets the visitor settle."""
    page = page_of(await browser.get("/admin/changes-of-power"))
    return [str(field["value"]) for field in page.select("main input[name=change]")]


async def settle(browser: Browser, change: str, answer: str = "confirm") -> Response:
    return await browser.post("/admin/changes-of-power", {"change": change, "answer": answer})


async def proposed(ada: Browser, nina: Browser, **fields: str) -> str:
    """Return the id of a correction that Ada proposed, as Nina sees it."""
    answer = await propose(ada, **fields)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/admin/changes-of-power"), answer.text
    [change] = await waiting_on(nina)
    return change


async def address_of(site: Site, person: str = "ben") -> str:
    async with site.db.read() as session:
        found = await people.person(session, person)
    assert found is not None
    return found.email


def text_of(answer: Response) -> str:
    return re.sub(r"\s+", " ", page_of(answer).get_text(" "))


def errors_of(answer: Response) -> dict[str, str]:
    """Return what the summary says, by where each leads; each of them is there, and said there too."""
    page = page_of(answer)
    errors = {str(link["href"]): link.get_text(strip=True) for link in page.select(".govuk-error-summary a")}
    assert all(page.select_one(place) is not None for place in errors)
    assert len(page.select("main .govuk-error-message")) == len(errors)
    return errors


def told(cases: RememberedCases, template: str) -> list[PersonalMail]:
    return [mail for mail in cases.mails if mail.template == template]


async def test_the_list_of_cases_leads_to_the_corrections(ada: Browser) -> None:
    link = page_of(await ada.get("/admin")).select_one("main a[href='/admin/changes-of-power']")
    assert link is not None
    assert link.get_text() == "Changes of power"
    page = page_of(await ada.get("/admin/changes-of-power"))
    assert page.select_one("main a[href='/admin/correct-address']") is not None
    assert "No change waits." in page.text


async def test_what_one_proposes_another_confirms_and_it_takes_effect(
    ada: Browser, nina: Browser, client: Browser, site: Site, cases: RememberedCases
) -> None:
    change = await proposed(ada, nina)
    assert await address_of(site) == BEN.email
    shown = text_of(await nina.get("/admin/changes-of-power"))
    for said in (BEN.email, NEW, "A slip in the file", "Ada Quinn proposed this on Monday 2 November 2026"):
        assert said in shown
    answer = await settle(nina, change)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/admin/changes-of-power")
    assert await address_of(site) == NEW
    settled = text_of(await ada.get("/admin/changes-of-power"))
    assert "Ben Carter: Email address Before: ben@elmbrook.example. Proposed: b.carter@elmbrook.example." in settled
    assert "Confirmed by Nina Shah on Monday 2 November 2026. Ada Quinn proposed it on" in settled
    await client.post("/sign-in", {"address": NEW})
    assert (cases.mails[-1].template, cases.mails[-1].person) == ("sign_in_code", "ben")


async def test_the_directory_that_pages_read_has_the_new_address(ada: Browser, nina: Browser, site: Site) -> None:
    async with site.db.read() as session:
        await people.directory(session, BEN.organisation)
    await settle(nina, await proposed(ada, nina))
    async with site.db.read() as session:
        ben = (await people.directory(session, BEN.organisation)).person("ben")
    assert ben == BEN.model_copy(update={"email": NEW})


async def test_nothing_is_preselected_and_each_button_says_what_it_does(ada: Browser, nina: Browser) -> None:
    await propose(ada)
    page = page_of(await nina.get("/admin/changes-of-power"))
    buttons = page.select("main button[name=answer]")
    assert [(button["value"], button.get_text()) for button in buttons] == [
        ("confirm", "Confirm for Ben Carter: Email address, b.carter@elmbrook.example"),
        ("refuse", "Refuse for Ben Carter: Email address, b.carter@elmbrook.example"),
    ]
    assert not page.select("main input:not([type=hidden]), [checked], [selected]")


async def test_a_refused_correction_changes_nothing_and_stays_in_the_list(
    ada: Browser, nina: Browser, site: Site, cases: RememberedCases
) -> None:
    change = await proposed(ada, nina)
    assert (await settle(nina, change, "refuse")).status_code == 303
    assert await address_of(site) == BEN.email
    assert told(cases, "address_changed") == []
    assert "Refused by Nina Shah" in text_of(await ada.get("/admin/changes-of-power"))
    assert (await settle(nina, change, "confirm")).status_code == 303
    assert await address_of(site) == BEN.email


async def test_whoever_proposed_it_cannot_settle_it(ada: Browser, nina: Browser, site: Site) -> None:
    change = await proposed(ada, nina)
    page = await ada.get("/admin/changes-of-power")
    assert "You proposed it, so another administrator has to settle it." in text_of(page)
    assert not page_of(page).select("main button[name=answer]")
    for answer in ("confirm", "refuse"):
        assert (await settle(ada, change, answer)).status_code == 404
    assert await address_of(site) == BEN.email
    assert await waiting_on(nina) == [change]


async def test_nobody_settles_the_correction_of_their_own_address(
    ada: Browser, nina: Browser, site: Site, signed_in: SignedIn
) -> None:
    omar = await signed_in(OMAR.email, strong=True)
    await propose(ada, person="Nina Shah", address="n.shah@elmbrook.example")
    [change] = await waiting_on(omar)
    assert "It concerns you, so another administrator has to settle it." in text_of(
        await nina.get("/admin/changes-of-power")
    )
    assert (await settle(nina, change)).status_code == 404
    assert (await settle(omar, change)).status_code == 303
    assert await address_of(site, "nina") == "n.shah@elmbrook.example"


async def test_administrators_elsewhere_neither_see_nor_settle_it(
    ada: Browser, nina: Browser, site: Site, signed_in: SignedIn
) -> None:
    change = await proposed(ada, nina)
    ruth = await signed_in(RUTH.email, strong=True)
    assert "Ben Carter" not in (await ruth.get("/admin/changes-of-power")).text
    theirs, unknown = await settle(ruth, change), await settle(ruth, "0" * 32)
    assert theirs.status_code == unknown.status_code == 404
    assert theirs.text == unknown.text
    assert await address_of(site) == BEN.email


async def test_somebody_who_is_no_administrator_can_do_neither(
    ada: Browser, nina: Browser, signed_in: SignedIn, site: Site
) -> None:
    change = await proposed(ada, nina)
    amina = await signed_in("amina@elmbrook.example", strong=True)
    assert (await propose(amina, person="Otto Lind")).status_code == 403
    assert (await settle(amina, change)).status_code == 404
    assert (await amina.get("/admin/changes-of-power")).status_code == 403
    assert await address_of(site) == BEN.email


async def test_the_other_administrators_and_the_old_address_are_told_of_a_proposal(
    ada: Browser, cases: RememberedCases
) -> None:
    await propose(ada)
    sent = told(cases, "power_proposed")
    assert sorted((mail.person, mail.address or "", mail.path) for mail in sent) == [
        ("ben", BEN.email, "/"),
        ("nina", "", "/admin/changes-of-power"),
        ("omar", "", "/admin/changes-of-power"),
    ]
    assert {(mail.titles, mail.requester) for mail in sent} == {(("The e-mail address of Ben Carter",), "Ada Quinn")}
    assert len({mail.id for mail in sent}) == 3
    assert NEW not in str(sent)


async def test_the_old_and_the_new_address_are_told_of_the_change(
    ada: Browser, nina: Browser, cases: RememberedCases
) -> None:
    await settle(nina, await proposed(ada, nina))
    sent = told(cases, "address_changed")
    assert [(mail.person, mail.address) for mail in sent] == [("ben", BEN.email), ("ben", None)]
    assert {(mail.title, mail.requester) for mail in sent} == {("Ben Carter", "Nina Shah")}
    assert len({mail.id for mail in sent}) == 2


async def test_open_links_and_sessions_end_and_what_waits_is_mailed_again(
    ada: Browser, nina: Browser, signed_in: SignedIn, running: Running, cases: RememberedCases, client: Browser
) -> None:
    await requested(running)
    await requested(running, "c-2", "AAAA-BBBB")
    await answered(running, "ben", "a1", "c-2")
    token, ben = await a_link(running.site, BEN), await signed_in(BEN.email, strong=True)
    assert (await client.get(f"/d/{token}")).status_code == 200
    await settle(nina, await proposed(ada, nina))
    assert (await client.get(f"/d/{token}")).status_code == 410
    assert (await link_row(running.site, token)).status == "closed"
    assert (await ben.get("/")).status_code == 303
    [sent] = cases.sent
    async with running.site.db.read() as session:
        mail = await mails.queued(session, sent)
    assert mail is not None
    assert (mail.case, mail.ask, mail.person, mail.template) == ("c-1", "a1", "ben", "ask")
    again = await a_link(running.site, BEN)
    assert (await client.get(f"/d/{again}")).status_code == 200


async def test_other_people_s_links_and_sessions_stay(
    ada: Browser, nina: Browser, signed_in: SignedIn, running: Running
) -> None:
    await requested(running)
    token, otto = await a_link(running.site, "helen"), await signed_in("otto@elmbrook.example", strong=True)
    await settle(nina, await proposed(ada, nina))
    assert (await link_row(running.site, token)).status == "open"
    assert (await otto.get("/")).status_code == 200


async def test_a_code_that_was_asked_for_at_the_old_address_opens_nothing(
    ada: Browser, nina: Browser, client: Browser, cases: RememberedCases
) -> None:
    await client.post("/sign-in", {"address": BEN.email})
    code = cases.mails[-1].code
    await settle(nina, await proposed(ada, nina))
    assert (await client.post("/sign-in/code", {"code": code})).status_code == 422


async def test_two_who_confirm_at_once_make_one_change(
    ada: Browser, nina: Browser, signed_in: SignedIn, running: Running, cases: RememberedCases
) -> None:
    await requested(running)
    omar = await signed_in(OMAR.email, strong=True)
    change = await proposed(ada, nina)
    answers = await asyncio.gather(settle(nina, change), settle(omar, change), settle(nina, change))
    assert [answer.status_code for answer in answers] == [303] * 3
    assert len(told(cases, "address_changed")) == 2
    assert len(cases.sent) == 1


@pytest.mark.parametrize(
    ("fields", "faults"),
    [
        (
            {"person": "", "address": "", "why": " "},
            {"#person": "Type whose", "#address": "Type the new", "#why": "Say why"},
        ),
        (
            {"person": "Nobody", "address": "ben@", "why": "x" * 501},
            {"#person": "Nobody called “Nobody”", "#address": "Type the new", "#why": "500 characters"},
        ),
        ({"address": "Ben <b.carter@elmbrook.example>"}, {"#address": "Type the new"}),
        ({"address": "AMINA+x@elmbrook.example"}, {"#address": "Somebody else has"}),
        ({"address": RUTH.email}, {"#address": "Somebody else has"}),
        ({"address": BEN.email}, {"#address": "the address of Ben Carter already"}),
        ({"person": "Ada Quinn"}, {"#person": "You cannot correct your own"}),
        ({"person": "ruth@redwood.example"}, {"#person": "Nobody called"}),
    ],
    ids=["blank", "all wrong", "with a name", "taken", "taken elsewhere", "the same", "own", "elsewhere"],
)
async def test_everything_wrong_is_said_at_once_beside_its_field_with_what_was_typed(
    ada: Browser, nina: Browser, cases: RememberedCases, fields: Mapping[str, str], faults: Mapping[str, str]
) -> None:
    before = len(cases.mails)
    answer = await propose(ada, **fields)
    assert answer.status_code == 422
    errors = errors_of(answer)
    assert errors.keys() == faults.keys()
    assert all(said in errors[place] for place, said in faults.items())
    page = page_of(answer)
    typed = {str(field["name"]): str(field.get("value", "")) for field in page.select("main input:not([type=hidden])")}
    area = page.select_one("main textarea")
    assert area is not None
    assert {**typed, "why": area.text} == {**CORRECTION, **fields}
    assert page.title is not None
    assert page.title.text.startswith("Error: ")
    assert await waiting_on(nina) == []
    assert len(cases.mails) == before


async def test_another_spelling_of_one_s_own_address_is_free(ada: Browser, nina: Browser, site: Site) -> None:
    await settle(nina, await proposed(ada, nina, address="Ben+duly@elmbrook.example"))
    assert await address_of(site) == "Ben+duly@elmbrook.example"


async def test_one_correction_of_a_person_waits_at_a_time(ada: Browser, nina: Browser) -> None:
    change = await proposed(ada, nina)
    answer = await propose(nina, address="carter@elmbrook.example")
    assert answer.status_code == 422
    assert "#person" in errors_of(answer)
    assert await waiting_on(nina) == [change]
    await settle(nina, change, "refuse")
    assert (await propose(nina)).status_code == 303


async def test_an_address_that_somebody_took_meanwhile_is_not_given_twice(
    ada: Browser, nina: Browser, site: Site, cases: RememberedCases
) -> None:
    change = await proposed(ada, nina)
    async with site.db.write() as session:
        await people.save(session, (a_person("bea", "Bea Carter", email=NEW),))
    answer = await settle(nina, change)
    assert answer.status_code == 409
    assert "Somebody else has this address by now" in errors_of(answer)[f"#settle-{change}"]
    assert await address_of(site) == BEN.email
    assert told(cases, "address_changed") == []
    assert await waiting_on(nina) == [change]


async def test_what_cannot_be_mailed_now_is_mailed_once_it_can_be(
    ada: Browser, nina: Browser, site: Site, cases: RememberedCases
) -> None:
    cases.lost = True
    change = await proposed(ada, nina)
    assert (await settle(nina, change)).status_code == 303
    assert await address_of(site) == NEW
    assert cases.mails == []
    cases.lost = False
    await tell(site.db, cases.mail_person, site.clock())
    sent = [(mail.template, mail.address) for mail in cases.mails if mail.person == "ben"]
    assert sent == [("power_proposed", BEN.email), ("address_changed", BEN.email), ("address_changed", None)]


@pytest.mark.parametrize("others", [(), (NINA,)], ids=["alone", "with one who has left"])
async def test_the_only_administrator_is_told_that_a_second_one_is_needed_and_how_to_add_one(
    signed_in: SignedIn, site: Site, others: tuple[Person, ...]
) -> None:
    async with site.db.write() as session:
        left = {"leaves_on": site.today.replace(day=1)}
        await people.save(
            session, tuple(a_person(one.id, one.name, administrator=one in others, **left) for one in (NINA, OMAR))
        )
    ada = await signed_in(ADA.email, strong=True)
    page = await ada.get("/admin/changes-of-power")
    assert "There should be two administrators, and there are not." in text_of(page)
    assert "duly people import" in text_of(page)
    assert page_of(page).select_one("a[href='/admin/correct-address']") is None
    assert (await ada.get("/admin/correct-address")).headers["Location"] == "/admin/changes-of-power"
    assert (await propose(ada)).headers["Location"] == "/admin/changes-of-power"
    assert "No change waits." in text_of(await ada.get("/admin/changes-of-power"))


async def test_between_two_administrators_neither_s_address_can_be_corrected(
    ada: Browser, site: Site, cases: RememberedCases
) -> None:
    async with site.db.write() as session:
        await people.save(session, (a_person("omar", "Omar Reid"),))
    answer = await propose(ada, person="Nina Shah")
    assert "a third has to confirm it" in errors_of(answer)["#person"]
    assert told(cases, "power_proposed") == []


@pytest.mark.parametrize(
    "fields",
    [{"change": "x", "answer": "perhaps"}, {"change": "x"}, {"change": "x", "answer": "confirm", "address": "a@b.c"}],
)
async def test_what_no_page_sends_is_refused(ada: Browser, fields: Mapping[str, str]) -> None:
    await ada.get("/admin/changes-of-power")
    assert (await ada.post("/admin/changes-of-power", fields)).status_code == 422


async def test_what_happened_is_written_down_with_ids_and_nothing_else(
    ada: Browser, nina: Browser, clock: Clock
) -> None:
    with capture_logs() as logged:
        first = await proposed(ada, nina)
        await settle(nina, first, "refuse")
        clock.pass_time(minutes=1)
        second = await proposed(ada, nina)
        await settle(nina, second)
    assert [(one["event"], one["change"], one["person"], one["by"]) for one in logged] == [
        ("power_change_proposed", first, "ben", "ada"),
        ("power_change_refused", first, "ben", "nina"),
        ("power_change_proposed", second, "ben", "ada"),
        ("power_change_confirmed", second, "ben", "nina"),
    ]
    assert not re.search(r"@|Carter|slip", str(logged))
