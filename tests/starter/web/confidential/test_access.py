"""Need to know: to whoever may not see a confidential case, it is as if there were none, to the last byte."""

import pytest
from httpx2 import Response

from domain.allegations import Category, Reporter, Subject
from domain.pack import EventMatch, Task
from domain.people import Person
from starter.web import confidential
from starter.web.page import Page
from starter.web.site import Site
from store import people
from tests.matters import CARA, DANA, DISCIPLINARY, HELEN
from tests.starter.web.confidential.conftest import HERE, Begin, Strong, text_of
from tests.starter.web.conftest import Browser, Clock, SignedIn, page_of

NOWHERE = "/c/ABCD-2345"
PLACES = ("", "/record/police_contacted", "/record/nothing", "/recorded/1", "/letter/1", "/step-aside")
ABOUT_HELEN = {
    "subjects": (Subject(key="s1", name="Helen Marsh", category=Category.HEADTEACHER, person="helen"),),
    "recused": ("helen",),
}


def whole(answer: Response) -> tuple[int, str, list[tuple[str, str]]]:
    """Return all that an answer says, less what says which request it answers."""
    headers = [(name, text) for name, text in answer.headers.multi_items() if name not in {"x-request-id", "date"}]
    return answer.status_code, answer.text, headers


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("person", ["helen", "ben", "ada", "otto"])
async def test_everybody_is_asked_to_confirm_that_it_is_them_whether_there_is_a_case_or_not(
    begin: Begin, signed_in: SignedIn, person: str, place: str
) -> None:
    await begin()
    browser = await signed_in(f"{person}@elmbrook.example")
    here, nowhere = [await browser.get(f"{path}{place}") for path in (HERE, NOWHERE)]
    assert here.status_code == 303
    assert here.headers["Location"].startswith("/confirm-it-is-you?next=c_")
    assert here.headers["Location"].replace("K7QM-4TXR", "ABCD-2345") == nowhere.headers["Location"]


@pytest.mark.meets("ALLEG-11")
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    "person",
    [
        pytest.param("ben", id="of whom it is alleged"),
        pytest.param("amina", id="who reported it"),
        pytest.param("ada", id="an administrator"),
        pytest.param("dev", id="who would be asked next"),
        pytest.param("cara", id="a custodian"),
        pytest.param("otto", id="anybody else"),
    ],
)
async def test_to_whoever_may_not_see_it_the_case_is_not_there(
    begin: Begin, strong: Strong, person: str, place: str
) -> None:
    case = await begin(reporter=Reporter(mode="named", person="amina", name="Amina Okafor"))
    browser = await strong(person)
    here, nowhere = [await browser.get(f"{path}{place}") for path in (HERE, NOWHERE)]
    assert here.status_code == 404
    assert whole(here) == whole(nowhere)
    if place not in {"", "/recorded/1", "/letter/1"}:
        sent = {"stage": "confirm", "occasion": "0" * 16}
        here, nowhere = [await browser.post(f"{path}{place}", sent) for path in (HERE, NOWHERE)]
        assert here.status_code == 404
        assert whole(here) == whole(nowhere)
    assert await case.reads() == []


@pytest.mark.meets("ALLEG-11")
async def test_a_case_about_the_headteacher_goes_to_the_chair_and_the_headteacher_learns_nothing(
    begin: Begin, strong: Strong
) -> None:
    await begin(**ABOUT_HELEN)
    assert "This waits for the Chair of governors as case manager" in await text_of(await strong("cara"))
    helen = await strong("helen")
    assert whole(await helen.get(HERE)) == whole(await helen.get(NOWHERE))
    assert "Nothing confidential waits for you." in await text_of(helen, "/tasks")


async def test_whoever_lost_the_seat_or_left_is_out_at_once(begin: Begin, strong: Strong, site: Site) -> None:
    await begin()
    helen, dana = await strong("helen"), await strong("dana")
    assert (await helen.get(HERE)).status_code == (await dana.get(HERE)).status_code == 200
    changed: list[Person] = [HELEN.model_copy(update={"holdings": ()}), DANA.model_copy(update={"holdings": ()})]
    async with site.db.write() as session:
        await people.save(session, changed)
    for browser in (helen, dana):
        assert whole(await browser.get(HERE)) == whole(await browser.get(NOWHERE))


async def test_whoever_lost_one_of_two_seats_records_nothing_in_that_one(
    begin: Begin, strong: Strong, site: Site
) -> None:
    decide = Task(
        key="decision", title="Decide", seat="decider", done_by=EventMatch(event=("decision_made",)), clause="c16-2"
    )
    staff = DISCIPLINARY.routes[-1]
    route = staff.model_copy(update={"ladders": {**staff.ladders, "decider": ("chair_of_governors",)}})
    update = {"tasks": (DISCIPLINARY.tasks[0], decide), "routes": (*DISCIPLINARY.routes[:-1], route)}
    both = (*HELEN.holdings, *CARA.holdings)
    async with site.db.write() as session:
        await people.save(session, [HELEN.model_copy(update={"holdings": both})])
    case = await begin(process=DISCIPLINARY.model_copy(update=update))
    await case.record("helen", "triage_recorded", at_risk="no", reason="Only adults.", name="Helen Marsh")
    helen = await strong("helen")
    assert (await helen.get(f"{HERE}/record/decision_made")).status_code == 200
    async with site.db.write() as session:
        await people.save(session, [HELEN])
    sent = {"stage": "confirm", "occasion": "0" * 16}
    for refused in (
        await helen.get(f"{HERE}/record/decision_made"),
        await helen.post(f"{HERE}/record/decision_made", sent),
    ):
        assert refused.status_code == 409
    assert (await helen.get(f"{HERE}/record/police_contacted")).status_code == 200


async def test_who_is_recused_later_is_out_from_then_on(begin: Begin, strong: Strong) -> None:
    case = await begin()
    dana = await strong("dana")
    assert (await dana.get(HERE)).status_code == 200
    await case.record("helen", "people_recused", people=("dana",))
    assert whole(await dana.get(HERE)) == whole(await dana.get(NOWHERE))


async def test_after_a_quarter_of_an_hour_they_are_asked_again_and_what_they_sent_is_kept(
    begin: Begin, strong: Strong, clock: Clock
) -> None:
    case = await begin()
    helen = await strong("helen")
    await helen.get(f"{HERE}/record/evidence_recorded")
    clock.pass_time(minutes=16)
    answer = await helen.post(f"{HERE}/record/evidence_recorded", {"stage": "review", "what": "He wrote it down"})
    assert answer.status_code == 401
    assert page_of(answer).select("input[name=what][value='He wrote it down']")
    assert "evidence_recorded" not in await case.kinds()


async def test_a_reference_is_found_however_it_is_typed(begin: Begin, strong: Strong) -> None:
    await begin()
    assert (await (await strong("helen")).get("/c/k7qm4txr")).status_code == 200


@pytest.mark.parametrize("page", confidential.PAGES, ids=lambda page: page.name)
def test_no_address_says_what_the_case_is_about(page: Page) -> None:
    assert page.path.startswith("/c/")
    assert page.name.startswith("c_")
    assert page.access == "signed_in"


# The lists.


async def pages(browser: Browser, *paths: str) -> list[str]:
    return [(await browser.get(path)).text for path in paths]


@pytest.mark.meets("ALLEG-10", "ALLEG-11")
@pytest.mark.parametrize("person", ["helen", "ben", "dana", "amina", "cara", "otto", "ada"])
async def test_no_list_changes_by_a_byte_for_whoever_has_not_confirmed_that_it_is_them(
    begin: Begin, signed_in: SignedIn, person: str
) -> None:
    browser = await signed_in(f"{person}@elmbrook.example")
    places = ("/", "/tasks", "/register", *(("/admin", "/admin?state=open") if person == "ada" else ()))
    before = await pages(browser, *places)
    case = await begin()
    await case.record("helen", "lado_referral_made")
    await begin(case="c-2", reference="ABCD-2345", process=DISCIPLINARY, at_risk="no")
    assert await pages(browser, *places) == before
    line = "Some work is shown only after you confirm that it is you"
    assert line in before[1]


@pytest.mark.parametrize("person", ["ben", "otto", "ada"])
async def test_no_list_changes_by_a_byte_for_whoever_is_not_in_it(begin: Begin, strong: Strong, person: str) -> None:
    browser = await strong(person)
    before = await pages(browser, "/", "/tasks")
    await begin()
    assert await pages(browser, "/", "/tasks") == before
    assert "Nothing confidential waits for you." in before[1]


async def test_whoever_confirmed_it_finds_their_tasks_the_soonest_due_first(
    begin: Begin, strong: Strong, clock: Clock
) -> None:
    first = await begin()
    await begin(case="c-2", reference="ABCD-2345")
    await first.record("helen", "lado_referral_made")
    helen, dana = await strong("helen"), await strong("dana")
    found = page_of(await helen.get("/tasks")).select("main .duly-rows li")
    assert [" ".join(one.get_text(" ").split()) for one in found] == [
        "Confidential: Refer it to the LADO ABCD-2345. Due by the end of Tuesday 3 November 2026.",
        "Confidential: Record the LADO's advice K7QM-4TXR. Due by the end of Thursday 5 November 2026.",
    ]
    links = page_of(await dana.get("/tasks")).select("main .duly-rows a")
    assert [(str(one["href"]), one.get_text()) for one in links] == [
        ("/c/ABCD-2345", "Confidential: you may read it"),
        ("/c/K7QM-4TXR", "Confidential: you may read it"),
    ]
    assert "Helen" not in page_of(await dana.get("/tasks")).select_one("main").get_text()  # type: ignore[union-attr]
    clock.pass_time(days=3)
    assert "Overdue" in await text_of(await strong("helen"), "/tasks")


@pytest.mark.parametrize(("attention", "line"), [(False, "in order."), (True, "needs attention.")])
async def test_administrators_read_only_whether_it_is_in_order(
    begin: Begin, signed_in: SignedIn, site: Site, attention: bool, line: str
) -> None:
    ada = await signed_in("ada@elmbrook.example")
    assert "Confidential work: in order." in await text_of(ada, "/admin")
    if attention:
        async with site.db.write() as session:
            everybody = await people.directory(session, "elmbrook")
            await people.save(session, [one.model_copy(update={"holdings": ()}) for one in everybody.people])
    await begin()
    text = await text_of(ada, "/admin")
    assert f"Confidential work: {line}" in text
    assert "K7QM" not in text
    if attention:
        assert "Tell the Chair of governors or the Designated safeguarding lead, by phone or face to face." in text


async def test_an_organisation_without_such_processes_says_nothing_of_them(site: Site, signed_in: SignedIn) -> None:
    pack = site.packs["elmbrook"]
    only = pack.model_copy(update={"processes": tuple(one for one in pack.processes if not one.confidential)})
    assert isinstance(site.packs, dict)
    site.packs["elmbrook"] = only
    assert "Confidential work" not in await text_of(await signed_in("ada@elmbrook.example"), "/admin")
