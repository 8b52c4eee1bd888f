"""A site is approved and goes live; a moderator leaves, that is told, and a new one is named, approved, and there."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.journeys.browsing import Mail, Somebody, Town
from tests.journeys.test_site_creation import (
    CONSULTED,
    GRACE,
    HELEN,
    PRIYA,
    RESOURCED,
    SAMPLE,
    START,
    TOM,
    asked,
    decide,
    send,
)

LANE = "sophie.lane@cadmus.example,Sophie Lane,employee,hollybank,tom.fielding@cadmus.example,,,"
CONSULTED_AGAIN = "I have been consulted about the purpose of the site, changed as it is proposed, and its content."


@pytest.fixture
async def sophie_comes_back(town: Town) -> AsyncIterator[None]:
    """Have Sophie back at the school afterwards, whatever came of it."""
    yield
    await town.import_people(f"{LANE},,,,")


@pytest.mark.usefixtures("sophie_comes_back")
@pytest.mark.meets("LIFE-01", "LIFE-05", "LIFE-07", "LIFE-08", "LIFE-09")
async def test_where_a_moderator_leaves_a_new_one_is_approved_and_there_are_enough_again(town: Town) -> None:
    today = datetime.now(UTC).date()  # noqa: TID251 -- the server's clock is this machine's
    title = "Year 3 Reading Club"
    priya = await town.sign_in(PRIYA)
    await approved(town, priya, title, (today + timedelta(days=1)).isoformat())

    mail = await to_do(town, PRIYA, title)
    owner = await town.somebody()
    await goes_live(owner, mail)
    await priya.open("/register")
    await priya.says("Live: https://hollybank.example/reading", "Moderators: Amir Khan, Sophie Lane")

    await town.import_people(f"{LANE},{today - timedelta(days=1)},,,")
    alert = await town.mailbox.next(PRIYA, f"Too few are there: {title}")
    assert "2 administrators and 1 moderator" in alert.text
    await priya.open(alert.link)
    await priya.says("Sophie Lane, moderator Away, or has left", "are there: too few")

    await priya.press("Change this site")
    await priya.press("Change the form")
    await priya.follow("Administration of the site")
    assert await priya.page.locator("#moderators-2").input_value() == "Sophie Lane"
    await priya.page.locator("#moderators-2").fill("Daniel Reyes")
    await priya.press("Save and continue")
    await priya.says("What you changed", "Daniel Reyes", "the site stays as it is")
    await priya.press("Send the changes")
    await priya.says("The site stays as it is until the change is approved")

    approver = await town.somebody()
    await decide(approver, await to_do(town, TOM, title), "Approve", "Tom Fielding")
    await decide(approver, await to_do(town, GRACE, title), "Approve", "Grace Okafor")
    final = await to_do(town, HELEN, title)
    await approver.open(final.link)
    await approver.says("Priya Shah asks you to approve the changed site, finally", "Sophie Lane", "Daniel Reyes")
    await decide(approver, final, "Approve", "Helen Marsh", CONSULTED_AGAIN, RESOURCED)
    await town.mailbox.next(PRIYA, f"News of the site: {title}")

    await enough_again(priya, alert.link)
    await priya.open("/register")
    await priya.says("Moderators: Amir Khan, Daniel Reyes")


async def approved(town: Town, author: Somebody, title: str, live_on: str) -> None:
    """Have a site asked for that goes live soon, and all three approve it."""
    await author.open(START)
    await author.press("Start now")
    await author.press(SAMPLE)
    await author.follow("Change Name of the proposed site")
    await author.type("Name of the proposed site", title)
    await author.press("Save and continue")
    await author.follow("Change Proposed date of going live")
    await author.type_date("Proposed date of going live", live_on)
    await author.press("Save and continue")
    await send(town, author, title)
    approver = await town.somebody()
    await decide(approver, await asked(town, TOM, title), "Approve", "Tom Fielding")
    await decide(approver, await asked(town, GRACE, title), "Approve", "Grace Okafor")
    await decide(approver, await asked(town, HELEN, title), "Approve", "Helen Marsh", CONSULTED, RESOURCED)


async def to_do(town: Town, email: str, title: str) -> Mail:
    """Return the mail that asks for something of a site that is nobody's request."""
    return await town.mailbox.next(email, f"Please see to it: {title}")


async def goes_live(owner: Somebody, mail: Mail) -> None:
    """Put on record by the link of a mail that the site is live; what is missing is said first."""
    await owner.open(mail.link)
    await owner.says("You are doing this as Priya Shah", "Nothing is on record yet")
    await owner.type("The address of the site", "https://hollybank.example/reading")
    await owner.choose("Yes", "Priya Shah (administrator)", "Amir Khan (administrator and moderator)")
    await owner.type("How is the privacy of the site set?", "Open to read, closed to post.")
    await owner.press("Continue")
    await owner.says("There is a problem", "2 moderators (now 1) who are trained, and there")
    await owner.choose("Sophie Lane (moderator)")
    await owner.press("Continue")
    await owner.says("Check your answers", "Open to read, closed to post.")
    await owner.press("Put it on record")
    await owner.says("It is on record", "the site went live")
    await owner.open(mail.link)
    await owner.says("You have answered this")


async def enough_again(author: Somebody, link: str) -> None:
    """Read on the page of the site that enough are there, once Duly has looked."""
    for _ in range(60):
        await author.page.goto(link)
        if "2 administrators and 2 moderators are there" in (await author.text()).rpartition("too few")[2]:
            break
        await author.page.wait_for_timeout(500)
    await author.open(link)
    await author.says("Daniel Reyes, moderator")
    assert "2 administrators and 2 moderators are there" in (await author.text()).rpartition("too few")[2]
