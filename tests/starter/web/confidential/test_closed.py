"""Confidential cases that are closed: who may still read them finds them behind a strong sign-in, and nobody else."""

import pytest

from starter.web.site import Site
from store import people
from tests.matters import HELEN
from tests.starter.web.confidential.conftest import HERE, Begin, Case, Strong, text_of
from tests.starter.web.conftest import SignedIn, page_of

LIST = "/c/closed"
LINK = f"a[href='{LIST}']"


async def closed(begin: Begin) -> Case:
    """Return a case that came to its end."""
    case = await begin()
    await case.referred()
    await case.record("helen", "outcome_recorded")
    assert (await case.read()).standing.outcome == "closed"
    return case


@pytest.mark.parametrize("person", ["helen", "dana"])
async def test_whoever_saw_to_it_last_and_whoever_is_told_find_a_closed_case(
    begin: Begin, strong: Strong, person: str
) -> None:
    case = await closed(begin)
    browser = await strong(person)
    assert page_of(await browser.get("/tasks")).select_one(LINK) is not None
    assert "Nothing confidential waits for you." in await text_of(browser, "/tasks")
    page = page_of(await browser.get(LIST))
    (row,) = page.select(".duly-rows > li")
    assert " ".join(row.get_text().split()) == (
        "K7QM-4TXR An allegation. Closed on Monday 2 November 2026, because everything was done."
    )
    link = row.select_one("a")
    assert link is not None
    assert link["href"] == HERE
    assert (await browser.get(HERE)).status_code == 200
    assert (person, "the page of the case") in await case.reads()


async def test_a_closed_case_is_in_no_list_before_it_was_confirmed_who_it_is(begin: Begin, signed_in: SignedIn) -> None:
    await closed(begin)
    helen = await signed_in("helen@elmbrook.example")
    answer = await helen.get(LIST)
    assert (answer.status_code, "/confirm-it-is-you?next=c_closed" in answer.headers["Location"]) == (303, True)
    assert LIST not in (await helen.get("/tasks")).text


@pytest.mark.meets("ALLEG-11", "PLAT-10")
@pytest.mark.parametrize("person", ["ben", "ada", "dev", "cara", "otto"])
async def test_to_anybody_else_there_is_no_closed_case(begin: Begin, strong: Strong, person: str) -> None:
    browser = await strong(person)
    before, tasks = await text_of(browser, LIST), await text_of(browser, "/tasks")
    await closed(begin)
    assert (await text_of(browser, LIST), await text_of(browser, "/tasks")) == (before, tasks)
    assert "There is none that you may read." in before


async def test_an_open_case_is_not_among_those_that_are_closed(begin: Begin, strong: Strong) -> None:
    await begin()
    helen = await strong("helen")
    assert "There is none that you may read." in await text_of(helen, LIST)
    assert page_of(await helen.get("/tasks")).select_one(LINK) is None


async def test_whoever_gave_up_the_seat_finds_it_no_more(begin: Begin, strong: Strong, site: Site) -> None:
    await closed(begin)
    helen = await strong("helen")
    assert "K7QM-4TXR" in await text_of(helen, LIST)
    async with site.db.write() as session:
        await people.save(session, (HELEN.model_copy(update={"holdings": ()}),))
    assert "There is none that you may read." in await text_of(helen, LIST)
    assert (await helen.get(HERE)).status_code == 404
