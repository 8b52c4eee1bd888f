"""A report without a name, in a browser that runs no scripts, and the messages that follow it."""

import pytest

from tests.journeys.browsing import Town

STORY = "He wrote to TB, Year 9, every night since half-term."
HEADTEACHER = "helen.marsh@cadmus.example"


@pytest.mark.meets("ALLEG-02", "ALLEG-07")
async def test_a_report_without_a_name_reaches_whoever_sees_to_it_and_a_code_leads_back(town: Town) -> None:
    one = await town.somebody(scripts=False)
    await one.open("/sign-in")
    await one.follow("Report a concern about somebody")
    await one.says("999", "You need no evidence.")
    await one.press("Continue")
    await one.says("There is a problem", "Choose the school")
    await one.choose("Hollybank Primary School", "No")
    await one.press("Continue")
    await one.choose("None of them")
    await one.press("Continue")
    await one.choose("Not sure")
    await one.press("Continue")
    await one.says("Tell the police first", "Do not view it, copy it, print it, share it, store it or save it.")
    await one.press("Continue")
    await one.choose("Yes")
    await one.press("Continue")
    await one.type("Name, as far as you know it", "A man of the cleaning firm")
    await one.choose("A contractor, or somebody who works for one")
    await one.press("Continue")
    await one.choose("Something else")
    await one.type("What happened?", STORY)
    await one.press("Continue")
    await one.type_date("When did it happen? (optional)", "2020-03-02")
    await one.press("Continue")
    await one.choose("Without your name")
    await one.press("Continue")
    await one.says("Check your answers", STORY, "Without your name")
    await one.press("Send the report")
    await one.says("Your report was taken", "Whom to telephone now")
    code = await one.page.inner_text("#code")
    await one.choose("I have not tried")
    await one.press("Say so")
    await one.says("telephone again")

    mail = await town.mailbox.next(HEADTEACHER, "You have a task in Duly")
    for word in (STORY, "TB", "report", "cleaning", code):
        assert word not in mail.text

    await one.follow("Go on with your code")
    await one.type("Your code", code.lower())
    await one.press("Go on")
    await one.says("Nobody has written anything yet.")
    await one.type("Write to whoever sees to your report", "It was on Tuesday too.")
    await one.press("Send the message")
    await one.says("It was on Tuesday too.")
