"""What comes next by itself in a confidential case: for those who may see the case, by seats and without names."""

from tests.starter.web.confidential.conftest import HERE, Begin, Strong
from tests.starter.web.conftest import page_of

HEADING = "What comes next by itself, as long as nobody does anything"


async def test_whoever_sees_to_a_case_reads_day_by_day_what_comes_by_itself(begin: Begin, strong: Strong) -> None:
    await begin()
    page = page_of(await (await strong("helen")).get(HERE))
    [heading] = [one for one in page.select("main h3") if HEADING in one.text]
    days = heading.find_next("ol")
    assert days is not None
    said = " ".join(days.get_text(" ").split())
    assert "November 2026" in said
    assert "asked as well: “" in said
    assert [name for name in ("Ben Carter", "Helen", "Amina") if name in said] == []
