"""The pages about how long confidential cases are kept: for custodians alone, and never by one of them alone."""

from datetime import date
from typing import Final

import pytest
from sqlalchemy import text

from domain.allegations import Allegation, Category, Subject
from domain.keeping import Keeping
from starter.web.site import Site
from store import audit
from tests.starter.web.confidential.conftest import HERE, Begin, Case, Strong, text_of
from tests.starter.web.conftest import Browser, Clock, RememberedCases, SignedIn, page_of

REFERENCE: Final = "K7QM-4TXR"
ERASE: Final = f"/kept/{REFERENCE}/erase"
ELEVEN_YEARS: Final = 365 * 11
BORN: Final = date(1960, 5, 4)
PICTURE: Final = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAUA"


@pytest.fixture
async def case(begin: Begin) -> Case:
    """Return an open case about Ben: Helen sees to it, Dana is told; Cara and Dana are its custodians."""
    return await begin(allegations=(Allegation(key="a1", subject="s1", topic="disrepute", what="Rude words."),))


@pytest.fixture
async def over(case: Case, clock: Clock) -> Case:
    """Return the case long after it ended: its time is over."""
    await the_end(case)
    clock.pass_time(days=ELEVEN_YEARS)
    return case


async def the_end(case: Case, outcome: str = "false", born_on: date | None = BORN) -> None:
    """Bring the case to its end."""
    await case.referred()
    await case.record("helen", "outcome_recorded", outcome=outcome, born_on=born_on)
    assert (await case.read()).row.closed_at is not None


async def hold(browser: Browser, reference: str = REFERENCE, reason: str = "A claim.") -> tuple[int, str]:
    """Place a hold; return the status, and where it leads or what is wrong."""
    answer = await browser.post("/kept/hold", {"reference": reference, "reason": reason})
    if answer.status_code == 303:
        return 303, answer.headers["Location"]
    return answer.status_code, " | ".join(
        one.get_text(" ", strip=True) for one in page_of(answer).select(".govuk-error-message")
    )


async def keeping(case: Case) -> Keeping:
    return (await case.read()).kept.keeping


async def hold_path(case: Case) -> str:
    return f"/kept/{REFERENCE}/holds/{(await keeping(case)).holds[0].id}"


# Who sees it.


@pytest.mark.parametrize("path", ["/kept", ERASE, f"/kept/{REFERENCE}/holds/any"])
async def test_nobody_but_custodians_sees_what_is_kept(over: Case, strong: Strong, path: str) -> None:
    for person in ("helen", "ben", "ada", "otto", "vic"):
        answer = await (await strong(person)).get(path)
        assert answer.status_code == 404
    assert (await keeping(over)).erasure_by is None


async def test_it_takes_a_strong_sign_in(over: Case, signed_in: SignedIn) -> None:
    browser = await signed_in("cara@elmbrook.example")
    for path in ("/kept", "/kept/hold", ERASE, await _any_hold(over)):
        assert "/confirm-it-is-you" in (await browser.get(path)).headers["Location"]
    assert (await browser.post(ERASE, {"stage": "propose"})).status_code == 401
    assert (await browser.post("/kept/hold", {"reference": REFERENCE, "reason": "x"})).status_code == 401
    assert await keeping(over) == Keeping()


async def _any_hold(case: Case) -> str:
    del case
    return f"/kept/{REFERENCE}/holds/any"


async def test_a_custodian_sees_reference_end_term_and_why_and_nothing_of_what_it_is_about(
    over: Case, strong: Strong
) -> None:
    shown = await text_of(await strong("cara"), "/kept")
    assert REFERENCE in shown
    assert "Ended on Monday 2 November 2026" in shown
    assert "Kept until Sunday 2 November 2036" in shown
    assert "Why 10 years have passed then since it was recorded" in shown
    for word in ("Ben", "Carter", "Rude", "Helen", "disrepute"):
        assert word not in shown
    del over


async def test_a_custodian_with_nothing_to_do_sees_an_empty_list_as_does_one_who_is_recused(
    begin: Begin, strong: Strong, clock: Clock
) -> None:
    assert "There is none that you could erase." in await text_of(await strong("dana"), "/kept")
    case = await begin(recused=("ben", "dana"))
    await the_end(case)
    clock.pass_time(days=ELEVEN_YEARS * 8)
    theirs = await text_of(await strong("dana"), "/kept")
    assert REFERENCE not in theirs
    assert REFERENCE in await text_of(await strong("cara"), "/kept")
    browser = await strong("dana")
    assert (await browser.get(ERASE)).status_code == 404
    assert await hold(browser) == await hold(browser, "AAAA-AAAA")


async def test_the_way_there_is_on_the_tasks_of_a_custodian_alone(case: Case, strong: Strong) -> None:
    for person, shown in {"cara": True, "dana": True, "helen": False, "ada": False}.items():
        links = page_of(await (await strong(person)).get("/tasks")).select("a[href='/kept']")
        assert bool(links) is shown, person
    del case


# Two custodians.


@pytest.mark.meets("PLAT-11")
async def test_two_custodians_erase_a_case_whose_time_is_over(
    over: Case, strong: Strong, site: Site, cases: RememberedCases
) -> None:
    cara, dana = await strong("cara"), await strong("dana")
    assert "Nobody can bring it back" in await text_of(cara, ERASE)
    assert (await cara.post(ERASE, {"stage": "propose"})).headers["Location"] == "/kept"
    assert "You propose to erase it. Another custodian has to agree." in await text_of(cara, "/kept")
    assert len(cases.sent) == 1
    assert "Cara Reid proposes to erase it." in await text_of(dana, "/kept")
    page = await text_of(dana, ERASE)
    assert "Phone them before you agree" in page
    answer = await dana.post(ERASE, {"stage": "agree"})
    assert (answer.status_code, "The case was erased" in answer.text) == (200, True)
    assert REFERENCE not in await text_of(dana, "/kept")
    assert (await (await strong("dana")).get(HERE)).status_code == 404
    assert (await dana.post(ERASE, {"stage": "agree"})).status_code == 404
    async with site.db.read() as session:
        assert (await audit.verify(session, site.keys)).erased == 1
        mails = await session.execute(text("SELECT template, \"case\" FROM mail WHERE person IN ('cara', 'dana')"))
        assert set(mails.all()) == {("neutral", None)}
    del over


async def test_one_alone_does_not_however_often(over: Case, strong: Strong) -> None:
    cara = await strong("cara")
    for stage in ("agree", "propose", "propose", "agree"):
        await cara.post(ERASE, {"stage": stage})
    answer = await cara.post(ERASE, {"stage": "agree"})
    assert answer.status_code == 409
    assert "Nothing was erased. A second custodian has to agree" in " ".join(page_of(answer).get_text(" ").split())
    assert (await keeping(over)).erasure_by == "cara"


async def test_neither_an_open_case_is_erased_nor_one_that_is_kept_for_longer(case: Case, strong: Strong) -> None:
    cara, dana = await strong("cara"), await strong("dana")
    for why, said in {"open": "it has not ended", "not_due": "its time is not over"}.items():
        assert said in await text_of(cara, ERASE)
        assert (await cara.post(ERASE, {"stage": "propose"})).status_code == 409, why
        assert (await dana.post(ERASE, {"stage": "agree"})).status_code == 409, why
        if why == "open":
            await the_end(case)
    assert (await case.read()).row.closed_at is not None


async def test_a_step_that_is_not_on_the_page_is_refused(over: Case, strong: Strong) -> None:
    cara = await strong("cara")
    await hold(cara)
    for path in (ERASE, await hold_path(over)):
        assert (await cara.post(path, {"stage": "at_once"})).status_code == 422
        assert (await cara.post(path)).status_code == 422


# Holds.


async def test_whoever_sees_to_a_case_is_told_of_it_or_is_its_custodian_can_place_a_hold(
    case: Case, strong: Strong
) -> None:
    assert await hold(await strong("helen")) == (303, HERE)
    assert await hold(await strong("dana"), "k7qm 4txr") == (303, HERE)
    assert await hold(await strong("cara")) == (303, "/kept")
    assert [one.by for one in (await keeping(case)).holds] == ["helen", "dana", "cara"]
    assert "On legal hold since Monday 2 November 2026, by Helen Marsh: A claim." in await text_of(
        await strong("helen")
    )


async def test_to_anybody_else_such_a_case_is_not_there(case: Case, strong: Strong) -> None:
    for person in ("ben", "ada", "otto", "vic"):
        browser = await strong(person)
        assert await hold(browser) == await hold(browser, "AAAA-AAAA")
        assert (await hold(browser))[0] == 422
    assert (await keeping(case)).holds == ()


@pytest.mark.parametrize(
    ("reference", "reason", "said"),
    [
        ("nonsense", "A claim.", "Type the reference, such as K7QM-4TXR"),
        (REFERENCE, " ", "Say why, in at most 4000 characters"),
        (REFERENCE, "x" * 4001, "Say why, in at most 4000 characters"),
        (REFERENCE, PICTURE, "A picture or a file was pasted here"),
        ("nonsense", "", "Type the reference"),
    ],
)
async def test_every_fault_stands_beside_its_field_and_what_was_typed_is_kept(
    case: Case, strong: Strong, reference: str, reason: str, said: str
) -> None:
    browser = await strong("helen")
    answer = await browser.post("/kept/hold", {"reference": reference, "reason": reason})
    page = page_of(answer)
    assert answer.status_code == 422
    assert said in page.get_text(" ")
    assert page.select_one("#reference")["value"] == reference  # type: ignore[index]
    assert PICTURE not in answer.text
    for link in page.select(".govuk-error-summary a"):
        assert page.select_one(str(link["href"])) is not None
    assert (await keeping(case)).holds == ()


async def test_the_page_of_a_case_leads_to_the_form_with_its_reference(case: Case, strong: Strong) -> None:
    browser = await strong("helen")
    link = page_of(await browser.get(HERE)).select_one("a[href^='/kept/hold']")
    assert link is not None
    field = page_of(await browser.get(str(link["href"]))).select_one("#reference")
    assert field is not None
    assert field["value"] == REFERENCE
    assert (await (await browser.get("/kept/hold?case=%3Cscript%3E")).aread()).count(b"<script>") == 0
    del case


async def test_a_case_on_hold_is_not_erased_until_two_custodians_release_it(
    over: Case, strong: Strong, cases: RememberedCases
) -> None:
    cara, dana = await strong("cara"), await strong("dana")
    await cara.post(ERASE, {"stage": "propose"})
    await hold(dana, reason="The tribunal asked.")
    answer = await dana.post(ERASE, {"stage": "agree"})
    assert (answer.status_code, "A legal hold was placed on the case." in answer.text) == (409, True)
    path = await hold_path(over)
    assert "The tribunal asked." in await text_of(cara, path)
    assert (await cara.post(path, {"stage": "agree"})).status_code == 409
    blank = await cara.post(path, {"stage": "propose", "reason": " "})
    assert (blank.status_code, "Say why" in blank.text) == (422, True)
    pasted = await cara.post(path, {"stage": "propose", "reason": PICTURE})
    assert (pasted.status_code, PICTURE in pasted.text) == (422, False)
    sent = len(cases.sent)
    assert (await cara.post(path, {"stage": "propose", "reason": "It is over."})).headers["Location"] == "/kept"
    assert len(cases.sent) == sent + 1
    assert (await cara.post(path, {"stage": "agree"})).status_code == 409
    assert (await dana.post(path, {"stage": "propose", "reason": "So it is."})).status_code == 409
    assert "It is over." in await text_of(dana, path)
    assert (await dana.post(path, {"stage": "agree"})).headers["Location"] == "/kept"
    assert (await dana.get(path)).status_code == 404
    assert "Propose to erase it" in await text_of(dana, "/kept")


# The page of the case.


async def test_after_the_end_the_page_of_the_case_says_until_when_it_is_kept_and_what_leaves_the_file(
    case: Case, strong: Strong
) -> None:
    assert "An open case is never erased." in await text_of(await strong("dana"))
    await the_end(case)
    shown = await text_of(await strong("dana"))
    assert "It is kept until Sunday 2 November 2036, because 10 years have passed then since it was recorded." in shown
    assert "Leaves the personnel file: yes." in shown


async def test_where_nobody_can_say_it_says_so(begin: Begin, strong: Strong) -> None:
    subject = Subject(key="s1", name="Ben Carter", category=Category.EMPLOYEE, person="ben")
    case = await begin(subjects=(subject,))
    await the_end(case, outcome="unfounded", born_on=None)
    shown = await text_of(await strong("dana"))
    assert "It is kept, because no date of birth is on record for every subject." in shown
    assert "Leaves the personnel file: no." in shown


async def test_what_was_read_of_it_is_on_record(over: Case, strong: Strong) -> None:
    await (await strong("cara")).get(ERASE)
    assert ("cara", "how long it is kept") in await over.reads()
