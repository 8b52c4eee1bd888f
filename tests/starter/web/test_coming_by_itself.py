"""What comes next by itself, on the page of a case: a list, day by day; and nothing at its end."""

from tests.starter.web.conftest import SignedIn, page_of
from tests.starter.web.running import Running, requested, withdrawn

CASE = "/cases/K7QM-4TXR"
HEADING = "What comes next by itself, as long as nobody does anything"


async def test_the_page_of_a_case_says_day_by_day_what_comes_by_itself(running: Running, signed_in: SignedIn) -> None:
    await requested(running)
    page = page_of(await (await signed_in("amina@elmbrook.example")).get(CASE))
    [heading] = [one for one in page.select("main h3") if HEADING in one.text]
    days = heading.find_next("ol")
    assert days is not None
    assert [" ".join(one.text.split()) for one in days.select("li")] == [
        "Thursday 5 November 2026A reminder goes to the Line manager."
    ]
    inset = page.select_one("main .govuk-inset-text")
    assert inset is not None
    assert "This waits for the Line manager" in inset.text
    assert "is reminded on" not in inset.text


async def test_what_has_ended_waits_for_nothing_more(running: Running, signed_in: SignedIn) -> None:
    await requested(running)
    await withdrawn(running)
    assert HEADING not in (await (await signed_in("amina@elmbrook.example")).get(CASE)).text
