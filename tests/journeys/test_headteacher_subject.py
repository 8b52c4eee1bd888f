"""A report about the headteacher: the chair of governors is asked, and for the headteacher nothing is any different."""

import pytest

from tests.journeys.browsing import Somebody, Town
from tests.journeys.confiding import Post, Told, comes, report, send

MARGARET = "margaret.dunne@newall-green.example"
EDWARD = "edward.tully@newall-green.example"
FIONA = "fiona.grant@newall-green.example"

TOLD = Told(
    school="Newall Green Primary School",
    name="Margaret Dunne",
    what_they_are="The headteacher",
    topic="Contact with a pupil by social media, phone or personal account, outside agreed protocols",
    story="The headteacher writes to a pupil of Year 6 from a private telephone, at night.",
    involved="Headteacher",
)
PLACES = ("/", "/tasks", "/register", "/sessions")
BENEATH = ("", "/record/lado_referral_made", "/recorded/1", "/letter/1", "/step-aside", "/kept")
GUESSED = "/c/K7QM-4TXR"


@pytest.mark.meets("ALLEG-11")
async def test_for_the_headteacher_whom_a_report_is_about_nothing_is_any_different(town: Town) -> None:
    post = Post(town, "@newall-green.example")
    margaret, fiona = await town.sign_in(MARGARET), await town.sign_in(FIONA)
    before = [await text_of(margaret, place) for place in PLACES]
    looked = await text_of(fiona, "/admin")
    mailbox = await town.mailbox.unread(MARGARET)

    reporter = await town.somebody()
    await reporter.open("/report")
    await report(reporter, TOLD)
    post.forget()
    await send(reporter, TOLD, "Without your name", "Headteacher")
    edward = await comes(town, EDWARD, await post.reached(EDWARD))
    await edward.follow("Confidential: Refer it to the Local Authority Designated Officer")
    await edward.says("This waits for the Chair of governors", TOLD.story, "They gave no name.", "Margaret Dunne")
    case = edward.page.url
    reference = case.rpartition("/")[2]

    assert [await text_of(margaret, place) for place in PLACES] == before
    assert await town.mailbox.unread(MARGARET) == mailbox
    await margaret.open("/confirm-it-is-you")
    await margaret.says("You have confirmed it.")
    await margaret.open(case)
    missing = await margaret.text()
    await margaret.open(GUESSED)
    assert await margaret.text() == missing
    for beneath in BENEATH:
        for one in (margaret, fiona):
            answers = [await one.fetch(f"{place}{beneath}") for place in (case, GUESSED)]
            assert [answer.status for answer in answers] == [404, 404]

    assert await text_of(fiona, "/admin") == looked
    await fiona.says("Confidential work: in order.")
    await fiona.open("/admin/cases")
    await fiona.type("Reference", reference)
    await fiona.press("Search")
    await fiona.says("No case")
    post.nobody_else()


async def text_of(one: Somebody, place: str) -> str:
    """Return all that a page says, its frame included."""
    await one.open(place)
    return await one.page.inner_text("body")
