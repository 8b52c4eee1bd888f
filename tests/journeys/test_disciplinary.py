"""A matter of conduct: where no child could be at risk, three people see to it, with reasons; unsure counts as yes."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.journeys.browsing import Somebody, Town
from tests.journeys.confiding import Post, Told, comes, fill_in, record, report, send

HELEN = "helen.marsh@cadmus.example"
NADIA = "nadia.rahman@cadmus.example"
IVOR = "ivor.penhale@cadmus.example"

SIMONE = "simone.archer@societas.example"
JONAH = "jonah.west@societas.example"
ABIGAIL = "abigail.stone@societas.example"

STORY = "He advertised his own tutoring business in the school's name, during lessons."
TOLD = Told(
    school="Hollybank Primary School",
    name="Amir Khan",
    what_they_are="Somebody who works at the school",
    topic="Promoting personal financial interests, businesses or campaigns in school time",
    story=STORY,
    at_risk="No",
)
UNSURE = Told(
    school="Copper Lane Academy",
    name="Somebody of the office",
    what_they_are="Somebody who works at the school",
    topic="Abuse, or threats",
    story="She threatened a parent on the page of the parents' group.",
    at_risk="No",
)
REASONS = "The reasons"
LETTER = "The letter"
TODAY = datetime.now(UTC).date()  # noqa: TID251 -- the server's clock is this machine's


@pytest.mark.meets("DISC-01", "DISC-04", "DISC-05")
async def test_a_matter_of_conduct_goes_from_its_triage_to_an_appeal_that_somebody_else_decides(town: Town) -> None:
    post = Post(town, "@cadmus.example")
    reporter = await town.somebody()
    await reporter.open("/report")
    await report(reporter, TOLD)
    await reporter.choose("Confidentially")
    await reporter.page.locator("#confidential_name").fill("Wendy Archer")
    post.forget()
    await send(reporter, TOLD, "Confidentially", "Wendy Archer")
    helen = await comes(town, HELEN, await post.reached(HELEN))
    await helen.follow("Confidential: Say whether a child could be at risk")
    await helen.says(STORY, "Wendy Archer", "They asked that their name be kept in confidence")
    case = helen.page.url
    await prepared(helen, post)

    nadia = await comes(town, NADIA, await post.reached(NADIA))
    await nadia.follow("Confidential: Report what the investigation found")
    await nadia.says("This waits for the investigator", STORY)
    assert "Wendy Archer" not in await nadia.text()
    await fill_in(nadia, "Report what was found", typed={"What was found?": "Six posts, all between ten and eleven."})
    await nadia.press("Put it on record")
    await nadia.says("It is done, and on record")
    await post.reached(HELEN)
    await heard_and_decided(helen, post)

    ivor = await comes(town, IVOR, await post.reached(IVOR))
    await ivor.follow("Confidential: Decide the appeal")
    await ivor.says("The posts were of 2019.", "Helen Marsh decided what comes of it: A first written warning")
    await fill_in(ivor, "Decide the appeal", "The decision is set aside", typed={REASONS: "The posts are too old."})
    await ivor.press("Put it on record")
    await ivor.says("It is done, and on record")
    await post.reached(HELEN)
    await helen.open(case)
    await helen.says("Closed: everything was done", "Ivor Penhale decided the appeal: The decision is set aside")
    post.nobody_else()


async def test_a_triage_that_is_unsure_opens_an_allegation_instead(town: Town) -> None:
    post = Post(town, "@societas.example")
    reporter = await town.somebody(scripts=False)
    await reporter.open("/report")
    await report(reporter, UNSURE)
    post.forget()
    await send(reporter, UNSURE, "Without your name")
    simone = await comes(town, SIMONE, await post.reached(SIMONE), scripts=False)
    await simone.follow("Confidential: Say whether a child could be at risk")
    await fill_in(
        simone,
        "Say whether a child could be at risk",
        "Not sure",
        typed={
            "Why do you think so?": "The parent says that a child was there.",
            "Type your name: you answer for it": "Simone Archer",
        },
    )
    await simone.press("Put it on record")
    await post.reached(SIMONE, JONAH, ABIGAIL)
    await simone.says("It is on record")
    await simone.press("Go on to the case")
    await simone.says("Closed: it was referred as an allegation", "Cases opened out of this one")
    await simone.page.locator("h2:has-text('Cases opened out of this one') + ul a").click()
    await simone.says("Allegation: a child may be at risk", "Refer it to the Local Authority", UNSURE.story)
    post.nobody_else()


async def prepared(helen: Somebody, post: Post) -> None:
    """Say that no child could be at risk, choose the procedure and the investigator, and give notice in writing."""
    await record(
        helen,
        "Say whether a child could be at risk",
        "No",
        typed={
            "Why do you think so?": "It is about an advertisement; no pupil was in touch.",
            "Type your name: you answer for it": "Helen Marsh",
        },
    )
    await post.reached(HELEN)
    await record(
        helen,
        "Choose the procedure",
        "Minor",
        typed={"Under which policy or procedure?": "The disciplinary procedure", REASONS: "It is for the first time."},
    )
    await post.reached(HELEN)
    await record(helen, "Appoint the investigator", typed={"Who investigates?": "Nadia Rahman"})
    await post.reached(HELEN)
    await record(helen, "Record the notice in writing", typed={LETTER: "\nMy office is open to you."})
    await helen.follow("Read or print the letter")
    await helen.says("Dear Amir Khan,", STORY, "You have the right to be accompanied", "My office is open to you.")
    await helen.page.go_back()


async def heard_and_decided(helen: Somebody, post: Post) -> None:
    """Find that there is a case to answer, hold the hearing, give a first warning in writing, and take the appeal."""
    await helen.open("/tasks")
    await helen.follow("Confidential: Decide whether there is a case to answer")
    await record(helen, "Decide whether there is a case to answer", "Yes", typed={REASONS: "The posts are there."})
    await post.reached(HELEN)
    week = (TODAY + timedelta(days=7)).isoformat()
    await record(helen, "Call the hearing", typed={LETTER: "\nRoom 4."}, dates={"On which day?": week})
    await post.reached(HELEN)
    await record(helen, "Record the hearing", typed={"Who was there, in which role?": "Amir Khan, and his union."})
    await post.reached(HELEN)
    await record(
        helen,
        "Decide what comes of it",
        "A first written warning",
        typed={REASONS: "He did it during lessons."},
        dates={"When does a warning end? (optional)": (TODAY + timedelta(days=365)).isoformat()},
    )
    await post.reached(HELEN)
    await record(helen, "Record the letter about the decision", typed={LETTER: "\nHelen Marsh, by hand."})
    assert "A first written warning" in await helen.text()
    await post.reached(HELEN)
    await record(helen, "Record an appeal", typed={"On which grounds?": "The posts were of 2019."})
