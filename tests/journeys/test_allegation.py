"""An allegation from the report to its close: nothing is looked into before the LADO's advice permits it."""

import pytest

from tests.journeys.browsing import Somebody, Town
from tests.journeys.confiding import Post, Told, comes, reads_with, record, report, send, writes_with

TOM = "tom.fielding@cadmus.example"
HELEN = "helen.marsh@cadmus.example"
GRACE = "grace.okafor@cadmus.example"
NADIA = "nadia.rahman@cadmus.example"
DANIEL = "daniel.reyes@cadmus.example"
ALL_BUT_HELEN = (NADIA, DANIEL)
ALL = (HELEN, *ALL_BUT_HELEN)
"""Whoever sees to it, and those whom the policy has told: the safeguarding lead and the deputy."""

STORY = "She follows two Year 6 girls on Instagram and answers their stories late at night."
TOLD = Told(
    school="Hollybank Primary School",
    name=GRACE,
    what_they_are="Somebody who works at the school",
    topic="Interacting with pupils, or befriending them",
    story=STORY,
)
SPOKE_TO = "Whom did you speak or write to?"


@pytest.mark.meets("ALLEG-02", "ALLEG-03", "ALLEG-04", "ALLEG-10")
async def test_an_allegation_goes_to_the_lado_before_anything_else_and_then_to_its_close(town: Town) -> None:
    post = Post(town, "@cadmus.example")
    tom = await town.sign_in(TOM)
    await tom.follow("Report a concern about somebody")
    await report(tom, TOLD)
    post.forget()
    code = await send(tom, TOLD, "By name", "Tom Fielding, who is signed in here")
    mail = await post.reached(*ALL)
    assert mail.text.strip() == (
        f"Sign in to see it: {town.base_url}/tasks. If you were not expecting this, phone the school office."
    )

    helen = await comes(town, HELEN, mail)
    await helen.follow("Confidential: Refer it to the Local Authority Designated Officer")
    await helen.says("This waits for the Headteacher", "10.1", STORY, "Tom Fielding")
    case = helen.page.url
    await an_investigation_is_refused(helen, case)
    post.nobody_else()

    await record(helen, "Record the referral to the LADO", "By phone", typed={SPOKE_TO: "Ann Webb, duty officer"})
    await post.reached(HELEN)
    await reporter_and_headteacher_write_to_each_other(helen, tom, code, post)
    await the_advice_permits(helen)
    await post.reached(*ALL)
    await the_police_hold_it_up(helen, post)

    await record(
        helen, "Record that an internal investigation began", typed={"Who investigates?": "Imran Aziz of the authority"}
    )
    await record(
        helen,
        "Record that the person was told",
        typed={"What were they told?": "That messages to two pupils are looked into. No names."},
    )
    await post.reached(HELEN)
    await record(
        helen,
        "Record an offer of support",
        "The person of whom it is alleged",
        "Not decided yet",
        typed={"What was offered?": "Occupational health, and a named contact."},
    )
    await post.reached(HELEN)
    await record(
        helen,
        "Record how an allegation ended",
        "Unsubstantiated: there is not enough evidence either way; it says nothing of guilt",
        typed={"The reasons": "The account could be anybody's, and neither girl wished to say more."},
    )
    await post.reached(*ALL_BUT_HELEN)
    await helen.open(case)
    await helen.says("Closed: everything was done", "How it ended", "This waits for nothing")

    await reads_with(tom, code)
    await tom.says("Thank you. Please tell nobody else.", "Nobody reads messages here any more.")

    grace = await town.sign_in(GRACE)
    await grace.open("/tasks")
    await grace.says("Nothing confidential waits for you.")
    assert (await grace.fetch(case)).status == 404
    post.nobody_else()


async def an_investigation_is_refused(helen: Somebody, case: str) -> None:
    """Try to begin an investigation before the advice: it is refused with its clause, and the attempt is on record."""
    await helen.says("Only after the LADO's advice", "Record that an internal investigation began Not yet.")
    await helen.open(f"{case}/record/investigation_started")
    await helen.says("Not yet.", "If you send this now, it is refused")
    await helen.type("Who investigates?", "Daniel Reyes")
    await helen.press("Continue")
    await helen.press("Put it on record")
    await helen.says("It was refused, and did not happen", "10.1", "That it was tried is on record")
    await helen.follow("Back to the case")
    await helen.says("Helen Marsh tried to record an internal investigation. It was refused, and did not happen")


async def reporter_and_headteacher_write_to_each_other(helen: Somebody, tom: Somebody, code: str, post: Post) -> None:
    """Write from one to the other and back: by the code on one side, on the page of the case on the other."""
    await writes_with(tom, code, "It happened again last night.")
    await post.reached(*ALL)
    await helen.page.reload()
    await helen.says("Whoever reported it", "It happened again last night.")
    await record(helen, "Write to whoever reported it", typed={"Your message": "Thank you. Please tell nobody else."})
    await post.reached(*ALL_BUT_HELEN)


async def the_advice_permits(helen: Somebody) -> None:
    """Put on record that the LADO lets the school look into it itself, and tell the person."""
    await record(
        helen,
        "Record the LADO's advice",
        "By phone",
        "The school is to look into it itself",
        "Begin an internal investigation",
        "Tell the person what is alleged",
        typed={"Who gave the advice?": "Ann Webb", "What they said, in their words": "Look into it, and tell her."},
    )
    await helen.says("Tell the person, as far as the advice permits it")


async def the_police_hold_it_up(helen: Somebody, post: Post) -> None:
    """Hold the case because the police ask for it, see that it waits, and let it go on."""
    who = {"Who asked?": "PC Dale"}
    await record(helen, "Record that the police asked to wait", typed=who)
    await post.reached(*ALL_BUT_HELEN)
    await helen.open(helen.page.url)
    await helen.says("On hold since", "its clock stands still")
    who = {"Who said so?": "PC Dale"}
    await record(helen, "Record that the police let the school go on", typed=who)
    await post.reached(*ALL_BUT_HELEN)
    assert "On hold since" not in await helen.text()
