"""A code of conduct: reminded of, drafted, approved, in force, and signed by everybody, a visitor among them."""

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Final

from bs4 import BeautifulSoup
from httpx2 import AsyncClient
from playwright.async_api import Browser, ViewportSize

import packs
from domain.calendar import LONDON, due_on
from domain.pack import Pack
from domain.words import day_in_words
from store import people
from store.rounds import looking
from tests.house import Begun
from tests.journeys.browsing import Somebody, Town
from tests.journeys.skipping import Later, later
from tests.journeys.test_site_creation import SIGNATURE
from tests.packs.trying import facts_of, whole_pack

REDHILL: Final = whole_pack("redhill")
DOCUMENT: Final = "/documents/code-of-conduct"

TITLE: Final = "Staff, Governor and Visitor ICT and Social Interaction Code of Conduct"
CATHERINE: Final = "catherine.ashby@redhill.example"
PHILIP: Final = "philip.strand@redhill.example"
ALICE: Final = "alice.turner@redhill.example"
LUCY: Final = "lucy.brandt@redhill.example"
PHONE: Final = ViewportSize(width=320, height=640)
TEXT: Final = """Code of conduct

1. Online
I keep what I know of pupils to myself.

- I use the school's own accounts.
- I do not befriend pupils."""


async def test_a_code_is_reviewed_from_its_reminder_to_a_new_version_and_everybody_signs_that(
    browser: Browser, tmp_path: Path
) -> None:
    today = next_working_day()
    pack = dated(today + timedelta(days=90))
    async with later(tmp_path, browser, pack) as school:
        town = school.town
        case = await taken_on(school, pack)
        await school.until(case, datetime.combine(today, time(10), LONDON))
        reminder = await town.mailbox.next(CATHERINE, f"A date comes: {TITLE}")
        assert f"The review is due on {day_in_words(today + timedelta(days=90))}, in 90 days" in reminder.text

        catherine = await town.sign_in(CATHERINE)
        await catherine.open("/")
        await catherine.says("Policies due", TITLE, "Due in 90 days")
        await catherine.follow(TITLE)
        await catherine.says("It is under review", "It prints no version.")

        asked = await town.mailbox.next(CATHERINE, f"Please see to it: {TITLE}")
        await drafts(await town.somebody(), asked.link, today)
        await approves(await town.somebody(), (await town.mailbox.next(PHILIP, f"Please see to it: {TITLE}")).link)
        await town.mailbox.next(PHILIP, f"A new version was adopted: {TITLE}")
        await in_force(catherine)
        await school.bring_along(13)

        phone = await town.somebody()
        await phone.page.set_viewport_size(PHONE)
        await signs(phone, (await town.mailbox.next(ALICE, f"Please read and sign: {TITLE}")).link)
        certificate = await town.mailbox.next(ALICE, f"Certificate: you have signed {TITLE}")
        assert "You, Alice Turner, signed" in certificate.text

        lucy = await town.sign_in(LUCY)
        await lucy.open(DOCUMENT)
        await lucy.says("1 of 13 have signed version 2")
        await lucy.follow("Who has signed, and who has not")
        assert await lucy.page.get_by_role("img", name="How far").is_visible()
        assert ["Have signed", "1"] in await lucy.table("How far it has got, as a table")
        await lucy.says("Mei Tanaka", "Not reminded yet")
        await lucy.press("Make the address of a signing desk")
        address = await lucy.page.locator("main strong").inner_text()
        await visitors_sign(await town.somebody(), address, today)
        await lucy.follow("Go back to the campaign")
        await lucy.says("Vera Visitor", "Signed on")

        await the_others_sign(town)
        await lucy.open(DOCUMENT)
        await lucy.says("13 of 13 have signed version 2")


def next_working_day() -> date:
    """Return the next working day, the first on which a reminder can come."""
    today = datetime.now(UTC).date()  # noqa: TID251 -- the clock of the house begins with this machine's
    return due_on(today, 1, packs.expand(REDHILL.calendar, today.year))


def dated(day: date) -> Pack:
    """Return the pack of Redhill as if its code of conduct printed on which day it is to be reviewed."""
    [code] = REDHILL.documents
    return REDHILL.model_copy(update={"documents": (code.model_copy(update={"review_date": day_in_words(day)}),)})


async def taken_on(school: Later, pack: Pack) -> Begun:
    """Have Duly take on the code of conduct, as it does by itself within a minute."""
    home = school.home
    now, everybody = home.clock(), facts_of("redhill").directory
    async with home.db.write() as session:
        await people.save(session, everybody.people)
        calendar = packs.expand(pack.calendar, now.year)
        opening = await looking.take_on(session, home.keys, pack, "code-of-conduct", calendar, everybody, now)
    await home.engine.begin(opening)
    async with home.db.write() as session:
        await looking.mark_begun(session, pack.organisation.key, "code-of-conduct", now)
    case = Begun(home, opening)
    await case.settled()
    return case


async def the_others_sign(town: Town) -> None:
    """Have everybody sign who has not, each by the link of their own mail, without a browser: that takes too long."""
    everybody = [one for one in facts_of("redhill").directory.people if one.name not in {"Alice Turner", "Nigel Croft"}]
    assert len(everybody) == 12
    for one in everybody:
        link = (await town.mailbox.next(one.email, f"Please read and sign: {TITLE}")).link
        async with AsyncClient(base_url=town.base_url, headers={"Origin": town.base_url}) as http:
            page = await http.get(link)
            for stage in ("review", "confirm"):
                form = next(
                    form
                    for form in BeautifulSoup(page.text, "html.parser").select("main form")
                    if form.select_one(f"[name=stage][value={stage}]")
                    and form.select_one("[name=decision][value=approve]")
                )
                fields = {str(field["name"]): str(field.get("value", "")) for field in form.select("input[name]")}
                page = await http.post("/d", data={**fields, "signature": one.name}, follow_redirects=True)
            assert "Certificate" in page.text, one.name


async def drafts(owner: Somebody, link: str, today: date) -> None:
    """Bring in the draft of the new version by the link of a mail."""
    await owner.open(link)
    await owner.says("You are doing this as Catherine Ashby")
    await owner.type("The new version", "2")
    await owner.type("What has changed, and why?", "It is short enough to be read on a phone.")
    await owner.type_date("From which day is it to be in force?", today.isoformat())
    await owner.type("The new version, whole", TEXT)
    await owner.press("Continue")
    await owner.press("Put it on record")
    await owner.says("It is on record")


async def approves(chair: Somebody, link: str) -> None:
    """Approve the new version by the link of a mail, having read it whole."""
    await chair.open(link)
    await chair.says("Catherine Ashby asks you to approve the new version", "I do not befriend pupils.")
    await chair.choose("Approve")
    await chair.press("Continue")
    await chair.type(SIGNATURE, "Philip Strand")
    await chair.press("Sign and approve")
    await chair.says("You approved this")


async def in_force(owner: Somebody) -> None:
    """Find the new version in force, and the one before still there to be read."""
    for _ in range(60):
        await owner.page.goto(f"{owner.base_url}{DOCUMENT}")
        if "have signed version 2" in await owner.text():
            break
        await owner.page.wait_for_timeout(250)
    await owner.open(DOCUMENT)
    await owner.says("Version 2", "Superseded on", "0 of 13 have signed version 2")
    await owner.follow("The version without a number")
    await owner.says("This version was superseded on")


async def signs(signer: Somebody, link: str) -> None:
    """Read and sign on a small screen; a name that is missing is said first."""
    await signer.open(link)
    await signer.says("You are signing as Alice Turner", "I do not befriend pupils.")
    await signer.press("Sign")
    await signer.says("There is a problem", "Type your full name")
    await signer.type("Type your full name", "Alice Turner")
    await signer.press("Sign")
    await signer.says("Check your signature", "Nothing is on record until")
    await signer.press("Sign now")
    await signer.says("Signed", "Certificate", "Alice Turner", "Digest of the text")
    await signer.open(link)
    await signer.says("You have signed this")


async def visitors_sign(device: Somebody, address: str, today: date) -> None:
    """Sign as a visitor on a device of the school, which then knows nothing of them."""
    await device.open(address)
    assert await device.page.get_by_role("link", name="Sign in").count() == 0
    await device.type("Type your full name", "Vera Visitor")
    await device.type_date("Until which day are you here?", today.isoformat())
    await device.press("Sign")
    await device.says("Signed. It is on record")
    assert await device.typed("Type your full name") == ""
    assert "Vera" not in await device.text()
