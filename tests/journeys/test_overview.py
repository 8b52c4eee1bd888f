"""An administrator's morning: the overview, a search that is kept, one case along time, and what carries it."""

from tests.journeys.browsing import Town
from tests.journeys.test_site_creation import AMIR, RUTH, SAMPLE, TOM, asked, begin, decide, send


async def test_an_administrator_finds_a_case_and_sees_all_that_came_of_it(town: Town) -> None:
    title = "Year 2 Beekeeping Club"
    amir = await town.sign_in(AMIR)
    await begin(amir)
    await amir.press(SAMPLE)
    await amir.follow("Change Name of the proposed site")
    await amir.type("Name of the proposed site", title)
    await amir.press("Save and continue")
    reference = await send(town, amir, title)
    await decide(await town.somebody(), await asked(town, TOM, title), "Approve", "Tom Fielding")

    ruth = await town.sign_in(RUTH)
    await ruth.follow("Overview")
    await ruth.says("What needs somebody", "No answer is overdue.", "Open now:", "The last 13 weeks")
    assert await ruth.page.get_by_role("img", name="Requests sent and ended, week by week").is_visible()

    await ruth.follow("Find")
    await ruth.type("Words of the title", "beekeeping year")
    await ruth.press("Search")
    assert [row[0] for row in await ruth.table("Cases found: newest first")] == [reference]
    await ruth.type("Keep this search as a view of yours, called", "Bees")
    await ruth.press("Keep the view")
    await ruth.follow("Bees")
    file = await ruth.fetch("/admin/cases.csv?words=beekeeping")
    assert title in await file.text()

    await ruth.follow(reference)
    assert await ruth.page.get_by_role("img", name=f"Request {reference} along time").is_visible()
    rows = await ruth.table("How long it took, as a table")
    assert [row[0] for row in rows] == ["The request", "Line manager", "Communications manager"]
    happened = await ruth.table("What happened, oldest first")
    [approved] = [row for row in happened if row[2].startswith("Tom Fielding approved")]
    assert approved[3:] == ["Tom Fielding", "Link in a mail", "1", "Clause 16.2"]

    await ruth.follow("The operation: what Temporal says of it")
    await ruth.says("Running", "None: all that the case has said so far is on record.")
    await ruth.press("Replay the history")
    await ruth.says("It holds.")
    await ruth.follow("Find")
    await ruth.press("Delete Bees")
    assert await ruth.page.get_by_role("link", name="Bees").count() == 0
