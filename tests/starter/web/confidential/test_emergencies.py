"""Opening a confidential case in an emergency: two custodians, an hour, a banner, and everybody in it is told."""

from typing import Final

import pytest
from httpx2 import Response

from domain.allegations import Category, Reporter, Subject
from domain.deciding import LONGEST_COMMENT
from tests.matters import CARA
from tests.starter.web.confidential.conftest import HERE, Begin, Strong, text_of
from tests.starter.web.conftest import Browser, Clock, RememberedCases, page_of

OPEN: Final = "/c/open"
WHY: Final = "Helen was taken ill"
REFERENCE: Final = "K7QM-4TXR"


async def propose(browser: Browser, reference: str = REFERENCE, reason: str = WHY) -> Response:
    return await browser.post(OPEN, {"stage": "propose", "reference": reference, "reason": reason})


async def agree(browser: Browser, shown: Response) -> Response:
    hidden = page_of(shown).select("main input[type=hidden]")
    fields = {str(one["name"]): str(one["value"]) for one in hidden if one["name"] != "form_token"}
    return await browser.post(OPEN, fields)


def heading(answer: Response) -> str:
    found = page_of(answer).select_one("h1")
    assert found is not None
    return found.get_text()


@pytest.mark.meets("ALLEG-11", "PLAT-10")
async def test_two_custodians_open_a_case_for_an_hour_and_everybody_in_it_is_told(
    begin: Begin, strong: Strong, clock: Clock, cases: RememberedCases
) -> None:
    case = await begin(reporter=Reporter(mode="named", person="amina", name="Amina Okafor"))
    cara, dana = await strong("cara"), await strong("dana")
    assert heading(await propose(cara, "k7qm4txr")) == "Now a second custodian has to agree"
    assert (await cara.get(HERE)).status_code == 404
    shown = await propose(dana, reason="")
    assert heading(shown) == "Do you agree to open it?"
    assert "Cara Reid asked on Monday 2 November 2026 at 9:30am" in shown.text
    assert WHY in shown.text
    opened = await agree(dana, shown)
    assert (opened.status_code, opened.headers["Location"]) == (303, HERE)
    text = await text_of(cara)
    assert "opened in an emergency, by Cara Reid and Dana Wells, until Monday 2 November 2026 at 10:30am" in text
    assert f"The reason that was given: {WHY}" in text
    assert "Amina Okafor" in text
    assert not page_of(await cara.get(HERE)).select("a[href*='/record/']")
    assert len(cases.sent) == 2
    reads = await case.reads()
    assert ("cara", f"emergency proposed: {WHY}") in reads
    assert ("dana", f"opened in an emergency: {WHY}") in reads
    assert ("cara", "the page of the case") in reads
    clock.pass_time(minutes=61)
    assert (await (await strong("cara")).get(HERE)).status_code == 404


async def test_a_reference_that_is_none_is_answered_like_one_that_is(begin: Begin, strong: Strong) -> None:
    await begin()
    cara = await strong("cara")
    here, nowhere = await propose(cara), await propose(cara, "ABCD-2345")
    assert here.text.replace(REFERENCE, "ABCD-2345") == nowhere.text
    dana = await strong("dana")
    nothing = await propose(dana, "ABCD-2345", "")
    assert nothing.status_code == 422
    assert "Say why" in nothing.text


async def test_a_custodian_of_whom_it_is_alleged_opens_nothing_and_is_not_told(begin: Begin, strong: Strong) -> None:
    subject = Subject(key="s1", name=CARA.name, category=Category.GOVERNOR, person="cara")
    case = await begin(subjects=(subject,), recused=("cara",))
    cara, dana = await strong("cara"), await strong("dana")
    here, nowhere = await propose(cara), await propose(cara, "ABCD-2345")
    assert here.text.replace(REFERENCE, "ABCD-2345") == nowhere.text
    assert (await case.read()).emergencies == ()
    assert (await propose(dana, reason="")).status_code == 422


@pytest.mark.parametrize("person", ["helen", "ada", "ben", "otto"])
async def test_for_whoever_is_no_custodian_there_is_no_such_page(begin: Begin, strong: Strong, person: str) -> None:
    await begin()
    browser = await strong(person)
    assert (await browser.get(OPEN)).status_code == 404
    assert (await propose(browser)).status_code == 404


async def test_nobody_agrees_with_themself_nor_twice_nor_after_a_day(
    begin: Begin, strong: Strong, clock: Clock
) -> None:
    await begin()
    cara, dana = await strong("cara"), await strong("dana")
    await propose(cara)
    assert heading(await propose(cara)) == "Now a second custodian has to agree"
    shown = await propose(dana, reason="")
    own = await agree(cara, shown)
    assert own.status_code == 409
    assert (await cara.get(HERE)).status_code == 404
    assert (await agree(dana, shown)).status_code == 303
    twice = await agree(dana, shown)
    assert (twice.status_code, heading(twice)) == (409, "There is nothing to agree to")
    clock.pass_time(days=3)
    cara, dana = await strong("cara"), await strong("dana")
    await propose(cara)
    shown = await propose(dana, reason="")
    clock.pass_time(days=1, minutes=1)
    assert (await agree(await strong("dana"), shown)).status_code == 409


@pytest.mark.parametrize(
    ("reference", "reason", "field"),
    [
        ("", WHY, "reference"),
        ("K7QM", WHY, "reference"),
        (REFERENCE, "", "reason"),
        (REFERENCE, "x" * (LONGEST_COMMENT + 1), "reason"),
        (REFERENCE, "data:image/png;base64,iVBORw0KGgo", "reason"),
    ],
)
async def test_what_is_wrong_stands_beside_its_field(
    begin: Begin, strong: Strong, reference: str, reason: str, field: str
) -> None:
    case = await begin()
    cara = await strong("cara")
    answer = await propose(cara, reference, reason)
    assert answer.status_code == 422
    assert page_of(answer).select(f".govuk-error-summary a[href='#{field}']")
    assert page_of(answer).select(f"[id='{field}']")
    assert (await case.read()).emergencies == ()
    assert (await cara.post(OPEN, {"stage": "else", "reference": REFERENCE})).status_code == 422


async def test_custodians_find_the_way_there_and_no_list_of_cases(begin: Begin, strong: Strong) -> None:
    await begin()
    cara = await strong("cara")
    page = page_of(await cara.get("/tasks"))
    assert page.select(f"a[href='{OPEN}']")
    assert REFERENCE not in page.get_text()
    assert REFERENCE not in (await cara.get(OPEN)).text.replace("such as K7QM-4TXR", "")
    assert not page_of(await (await strong("helen")).get("/tasks")).select(f"a[href='{OPEN}']")
