"""Indecent images may be involved: the police come first, custody is in words, and nowhere goes a picture in."""

import re
from urllib.parse import urljoin

import pytest
from playwright.async_api import FilePayload

from tests.journeys.browsing import Somebody, Town
from tests.journeys.confiding import Post, Told, comes, fill_in, record, report, send, turn_to

MIRIAM = "miriam.stone@mtoat.example"
LEAH = "leah.quinn@mtoat.example"
PAUL = "paul.denham@mtoat.example"

TOLD = Told(
    school="Fernhollow Primary School",
    name="A man who helps with the after-school club",
    what_they_are="Somebody who works at the school",
    topic="Indecent images of children",
    story="A child of Year 5 said that he showed pictures on his telephone.",
    images="Not sure",
)
PICTURE = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9aw=="
PASTED = "A picture or a file was pasted here. Duly takes words only"
POLICE_FIRST = "Do not view, copy, print, share, store or save them, and do not ask anybody to."


@pytest.mark.meets("ALLEG-12", "ALLEG-13", "ALLEG-17")
async def test_where_an_indecent_image_may_be_involved_the_police_come_first_and_no_picture_goes_in(town: Town) -> None:
    post = Post(town, "@mtoat.example")
    reporter = await town.somebody(scripts=False)
    await reporter.open("/report")
    await no_file_is_taken(reporter, "/report")
    await report(reporter, TOLD)
    await reporter.press("Back")
    await reporter.press("Back")
    await reporter.type("What happened?", PICTURE)
    await reporter.press("Continue")
    await reporter.says("There is a problem", PASTED)
    assert await reporter.typed("What happened?") == ""
    await reporter.type("What happened?", TOLD.story)
    await reporter.press("Continue")
    await reporter.press("Continue")
    post.forget()
    await send(reporter, TOLD, "Without your name")
    await reporter.says("The police first.", "Never of an indecent image: leave it where it is.")

    miriam = await comes(town, MIRIAM, await post.reached(MIRIAM, LEAH, PAUL), scripts=False)
    await miriam.follow("Confidential: Ask the police what to do about the images")
    await miriam.says(POLICE_FIRST, "What can be recorded before the police were contacted", TOLD.story)
    case = miriam.page.url
    await miriam.open(f"{case}/record/evidence_recorded")
    await miriam.says("Nothing was recorded", "First the police")
    await no_file_is_taken(miriam, f"{case}/record/custody_recorded")

    await miriam.open(case)
    await record(
        miriam,
        "Record what was locked away",
        typed={
            "What was locked away?": "A black telephone, switched off",
            "Where is it?": "The safe in the office",
            "Who has the key?": "Leah Quinn",
        },
    )
    assert [row[:3] for row in await miriam.table("What is locked away, where, and who has the key")] == [
        ["A black telephone, switched off", "The safe in the office", "Leah Quinn"]
    ]
    await record(
        miriam,
        "Record a contact with the police",
        "By phone",
        typed={"Whom did you speak or write to?": "PC Dale, 101", "What they said (optional)": "Leave it locked away."},
    )
    await post.reached(MIRIAM)
    await miriam.says(POLICE_FIRST, "Miriam Stone contacted the police, by phone: PC Dale, 101")

    await turn_to(miriam, "Record something that was seen")
    await miriam.choose("What somebody saw or heard")
    await miriam.type("What was seen?", PICTURE)
    await miriam.press("Continue")
    await miriam.says("There is a problem", PASTED)
    assert await miriam.typed("What was seen?") == ""
    await miriam.open(case)
    await fill_in(
        miriam,
        "Record something that was seen",
        "What somebody saw or heard",
        typed={"What was seen?": "The child drew where he stood."},
    )
    await miriam.press("Put it on record")
    await miriam.says("It is on record")
    post.nobody_else()


async def no_file_is_taken(one: Somebody, path: str) -> None:
    """Send a picture as a file, as no page of Duly does: it is not taken, and what is answered holds nothing of it."""
    picture: FilePayload = {"name": "seen.png", "mimeType": "image/png", "buffer": b"\x89PNG of nothing"}
    tokens = await one.page.locator("input[name=form_token]").all()
    sent: dict[str, str | float | bool | bytes | FilePayload] = {"seen": picture}
    if tokens:
        sent["form_token"] = await tokens[0].input_value()
    answer = await one.page.context.request.post(urljoin(one.base_url, path), multipart=sent)
    assert 400 <= answer.status < 500
    assert re.search("seen.png|PNG of nothing", await answer.text()) is None
