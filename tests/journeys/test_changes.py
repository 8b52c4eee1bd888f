"""A request that comes back is changed by its author, and everybody who decides sees what changed."""

import pytest

from tests.journeys.browsing import Mail, Somebody, Town
from tests.journeys.test_site_creation import (
    CONSULTED,
    GRACE,
    HELEN,
    RESOURCED,
    SAMPLE,
    SIGNATURE,
    SOPHIE,
    TOM,
    asked,
    begin,
    decide,
    found_in_the_register,
    send,
)

AIMS = "What are the aims you propose to achieve by setting up this site?"


@pytest.mark.meets("SITE-38")
async def test_a_returned_request_is_changed_and_everybody_decides_again(town: Town) -> None:
    title = "Year 4 Nature Club"
    sophie = await town.sign_in(SOPHIE)
    reference = await asked_for(town, sophie, title)
    approver = await town.somebody()
    await decide(approver, await asked(town, TOM, title), "Approve", "Tom Fielding")
    await sent_back(approver, await asked(town, GRACE, title), "Say what the pupils learn.")

    mail = await town.mailbox.next(SOPHIE, f"Please change your request: {title}")
    assert mail.link.endswith(f"/cases/{reference}/edit")
    await sophie.open(mail.link)
    await sophie.says("Say what the pupils learn.", "So far these have approved", "Tom Fielding, Line manager")
    await sophie.press("Change the form")
    await sophie.says("Say what the pupils learn.")
    await change_the_aims(sophie, "They learn to look closely.")
    await sophie.says("The request is now version 2", "This waits for the Line manager")
    await town.mailbox.next(TOM, f"The request was changed: {title}")

    replaced = await asked(town, TOM, title)
    await sophie.follow("Go to the request")
    await sophie.press("Change the request")
    await sophie.press("Change the form")
    await change_the_aims(sophie, "They learn to look closely, and to draw.")
    await approver.open(replaced.link)
    await approver.says("The request changed")

    await decide(approver, await asked(town, TOM, title), "Approve", "Tom Fielding")
    await decide(approver, await asked(town, GRACE, title), "Approve", "Grace Okafor")
    await told_what_changed_on_a_narrow_screen(sophie, reference)
    await decide(approver, await asked(town, HELEN, title), "Approve", "Helen Marsh", CONSULTED, RESOURCED)
    await town.mailbox.next(SOPHIE, f"Approved: {title}")
    await found_in_the_register(sophie, title)
    await sophie.says("They learn to look closely, and to draw.")


async def test_a_change_that_is_begun_changes_nothing_until_it_is_sent_in_a_browser_without_scripts(
    town: Town,
) -> None:
    title = "Year 3 Nature Club"
    sophie = await town.sign_in(SOPHIE, scripts=False)
    reference = await asked_for(town, sophie, title)
    await sophie.open(f"/cases/{reference}/edit")
    await sophie.press("Change the form")
    await sophie.press("Check your answers")
    await sophie.says("You have changed nothing so far")
    await sophie.follow("Change Department")
    await sophie.type("Department", "Biology")
    await sophie.press("Save and continue")
    await sophie.says("What you changed", "the approvals given so far stay")
    await sophie.open(f"/cases/{reference}/edit")
    await sophie.says("Changes were begun")
    await sophie.press("Throw the changes away")
    assert sophie.page.url.endswith(f"/cases/{reference}")
    await sophie.open(f"/cases/{reference}/versions")
    await sophie.says("It was not changed since", "Nobody has approved yet")


async def asked_for(town: Town, author: Somebody, title: str) -> str:
    """Ask for a site with invented answers, and return the reference."""
    await begin(author, "Line manager")
    await author.press(SAMPLE)
    await author.follow("Change Name of the proposed site")
    await author.type("Name of the proposed site", title)
    await author.press("Save and continue")
    return await send(town, author, title)


async def sent_back(approver: Somebody, mail: Mail, comment: str) -> None:
    """Return a request for changes by the link of a mail."""
    await approver.open(mail.link)
    await approver.page.locator("input[name=decision][value=return]").check()
    await approver.type("Your comment", comment)
    await approver.press("Continue")
    await approver.type(SIGNATURE, "Grace Okafor")
    await approver.press("Sign and return for changes")
    await approver.says(comment)


async def change_the_aims(author: Somebody, aims: str) -> None:
    """Change one answer on its page, see it side by side with the one before, and send the change."""
    await author.press("Check your answers")
    await author.says("You have changed nothing so far")
    await author.follow(f"Change {AIMS}")
    await author.type(AIMS, aims)
    await author.press("Save and continue")
    [[question, before, after]] = await author.table("What you changed")
    assert (question, after) == (AIMS, aims)
    assert before != after
    await author.says("every approval given so far is void")
    await author.press("Send the changes")
    await author.says("Changes sent")


async def told_what_changed_on_a_narrow_screen(author: Somebody, reference: str) -> None:
    """Read on the narrowest screen what each version changed, and which approvals count."""
    await author.open(f"/cases/{reference}")
    await author.follow("What changed between versions")
    await author.says(
        "Version 2",
        "Version 3",
        "Void: Tom Fielding, Line manager, approved version 1",
        "Counts: Tom Fielding, Line manager, approved version 3",
        "Counts: Grace Okafor, Communications manager, approved version 3",
    )
    await author.page.set_viewport_size({"width": 320, "height": 640})
    cells = author.page.get_by_role("cell")
    before = await cells.filter(has_text="They learn to look closely.").last.bounding_box()
    after = await cells.filter(has_text="They learn to look closely, and to draw.").bounding_box()
    assert before is not None
    assert after is not None
    assert before["y"] + before["height"] <= after["y"]
    assert max(before["width"], after["width"]) > 200
