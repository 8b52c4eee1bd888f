"""Reporting a concern about somebody: the whole road, page by page, and what comes of it."""

from typing import Any

import pytest

from domain.allegations import Reporter
from domain.entries import AllegationRecorded, CaseRouted, MatterRecorded, ReporterNamed
from domain.events import AnyEvent
from domain.report_so_far import SoFar
from starter.web.site import Site
from store import queries
from tests.builders import ORGANISATION, SCHOOL
from tests.matters import ALLEGATION, DISCIPLINARY, TOPICS
from tests.starter.web.conftest import Browser, Clock, SignedIn, page_of
from tests.starter.web.reporting.conftest import Reports
from tests.starter.web.reporting.roads import STORY, USUAL, Road

AMINAS = "amina@elmbrook.example"
SECOND = {"name_2": "Dev Patel", "category_2": "employee", "capacity_2": ""}
DATES = ("happened_on", "noticed_on")


def a_day(key: str, day: int, month: int, year: int) -> dict[str, str]:
    return {f"{key}-day": str(day), f"{key}-month": str(month), f"{key}-year": str(year)}


async def record_of(reports: Reports) -> list[AnyEvent]:
    async with reports.site.db.read() as session:
        history = await queries.history(session, reports.site.keys, reports.only.case)
    return [said.event for said in history]


async def to_events(road: Road) -> Road:
    """Go on to the page that asks what happened, with Ben and Dev as subjects."""
    await road.begin()
    await road.to("people")
    await road.go("add", **USUAL["people"])
    return await road.go(**USUAL["people"], **SECOND)


# The way there.


async def test_everybody_signed_in_finds_the_report_on_every_page(signed_in: SignedIn) -> None:
    browser = await signed_in(AMINAS)
    for path in ("/", "/tasks", "/register", "/sessions"):
        link = page_of(await browser.get(path)).select_one("nav a[href='/report']")
        assert link is not None
        assert link.get_text() == "Report a concern about somebody"


@pytest.mark.parametrize("path", ["/sign-in", "/sign-in/code", "/d/none", "/nowhere"])
async def test_whoever_has_no_account_finds_it_in_two_clicks(client: Browser, path: str) -> None:
    page = page_of(await client.get(path))
    if not page.select("a[href='/report']"):
        assert page.select("a[href='/sign-in']")
        page = page_of(await client.get("/sign-in"))
    assert page.select("a[href='/report']")


# Page by page.


async def test_whom_to_telephone_comes_before_anything_is_typed(client: Browser) -> None:
    road = await Road(client).begin()
    assert [
        one["name"] for one in road.soup.select("main input[type=radio], main textarea, main input[type=text]")
    ] == ["danger"] * 3
    for number in ("999, or 101", "01632 960001", "01632 960002", "0808 800 5000"):
        assert number in road.text.split("Is anyone in danger now?")[0]


@pytest.mark.meets("ALLEG-06")
@pytest.mark.parametrize("danger", ["yes", "unsure"])
async def test_where_somebody_is_in_danger_it_says_to_telephone_first(client: Browser, danger: str) -> None:
    road = await (await Road(client).begin()).go(danger=danger)
    assert road.title == "Telephone first"
    assert "call 999" in road.text
    assert (await road.go()).page == "involved"


async def test_who_is_involved_is_asked_before_the_story(client: Browser) -> None:
    road = await (await Road(client).begin()).to("involved")
    labels = [label.get_text().strip() for label in road.soup.select(".govuk-checkboxes__label")]
    assert labels == [
        "Headteacher",
        "Deputy headteacher",
        "Chair of governors",
        "Vice-chair of governors",
        "Designated safeguarding lead",
        "IT administrator",
        "Head of HR",
        "None of them",
    ]
    assert "Unsure counts as yes" in road.text
    assert not road.soup.select("main textarea")
    assert (await road.go()).faults == ["Choose everybody who could be involved, or “None of them”"]
    assert (await road.go(involved=("dsl", "none_of_them"))).faults


async def test_where_it_is_involved_it_says_to_use_another_device(client: Browser) -> None:
    road = await (await Road(client).begin()).to("involved")
    await road.go(involved=("it_administrator",))
    assert road.title == "Use another device, or telephone"
    assert "Use a telephone or a device of your own" in road.text
    assert (await road.go()).page == "images"


@pytest.mark.meets("ALLEG-12", "ALLEG-13", "ALLEG-15", "ALLEG-16", "ALLEG-17")
@pytest.mark.parametrize("images", ["yes", "unsure"])
async def test_where_indecent_images_may_be_involved_the_police_come_first(
    client: Browser, reports: Reports, images: str
) -> None:
    road = await (await Road(client).begin()).to("images")
    await road.go(images=images)
    assert road.title == "Tell the police first"
    assert "Do not view it, copy it, print it, share it, store it or save it." in road.text
    assert "who has the key" in road.text
    await road.to("events")
    assert "Do not describe how an indecent image can be found" in road.text
    await road.to("when")
    assert "Do not write where an indecent image can be found" in road.text
    await road.to("check")
    await road.go("send")
    assert (reports.only.process, reports.only.matter and reports.only.matter.images) == (ALLEGATION, images)


@pytest.mark.meets("ALLEG-13")
async def test_no_page_has_a_place_for_a_file(client: Browser) -> None:
    road = await Road(client).begin()
    for page in ("danger_first", "involved", "other_device", "images", "no_pictures", "at_risk", "people", "events"):
        await road.to(
            page,
            start={"danger": "yes"},
            involved={"involved": ("it_administrator",)},
            images={"images": "yes"},
        )
        assert not road.soup.select("input[type=file]")
        assert not road.soup.select("form[enctype]")


@pytest.mark.meets("DISC-27")
async def test_what_it_is_about_is_in_the_words_of_the_pack_and_always_something_else(client: Browser) -> None:
    road = await (await Road(client).begin()).to("events")
    labels = [label.get_text().strip() for label in road.soup.select(".govuk-radios__label")]
    assert labels == [topic.label for topic in TOPICS]


@pytest.mark.meets("ALLEG-09", "DISC-13", "DISC-32")
async def test_anybody_can_be_named_wherever_and_whenever_it_was(client: Browser) -> None:
    road = await Road(client).begin()
    assert "wherever and whenever it happened" in road.text
    await road.to("people")
    labels = [label.get_text().strip() for label in road.soup.select(".govuk-radios__label")]
    assert {"A pupil", "A parent, or another member of the public", "Supply or agency staff", "I do not know"} <= set(
        labels
    )


async def test_the_words_are_those_of_a_report_and_never_of_what_comes_of_it(client: Browser, reports: Reports) -> None:
    road = await Road(client).begin()
    assert "need not be sure" in road.text
    assert "whistleblowing" in road.text
    for _ in range(12):
        everything = road.answer.text if road.answer else ""
        shown = everything.replace(road.carried()["so_far"], "") if road.page else everything
        for word in ("allegation", "investigat", "disciplin", "LADO"):
            assert word not in shown, (road.page, word)
        if not road.page:
            break
        await (road.go("send") if road.page == "check" else road.go(**USUAL[road.page]))
    assert road.title == "Your report was taken"


async def test_what_is_missing_is_said_beside_its_field_and_what_was_typed_stays(client: Browser) -> None:
    road = await (await Road(client).begin()).to("events")
    await road.go(what_1=STORY)
    assert road.answer is not None
    assert road.answer.status_code == 422
    assert road.faults == ["Choose what it is about; “Something else” is an answer"]
    assert STORY in road.answer.text
    assert road.soup.select_one('.govuk-error-summary a[href="#topic_1"]')
    assert road.soup.select_one("#topic_1-error")


@pytest.mark.parametrize("key", DATES)
async def test_a_date_in_the_future_is_refused(client: Browser, key: str) -> None:
    road = await (await Road(client).begin()).to("when")
    await road.go(**{**USUAL["when"], **a_day(key, 3, 11, 2026)})
    assert road.faults == ["The date must be today or before"]
    await road.go(**{**USUAL["when"], **a_day(key, 31, 2, 2026)})
    assert "real date" in road.faults[0]
    assert (await road.go(**{**USUAL["when"], **a_day(key, 2, 11, 2026)})).page == "reporter"


async def test_several_people_and_several_things_are_told_apart(client: Browser, reports: Reports) -> None:
    road = await to_events(Road(client))
    assert road.page == "events"
    usual = USUAL["events"]
    await road.go("add", about_1=("person_1",), **usual)
    await road.go(
        about_1=("person_1", "person_2"), **usual, about_2=("person_2",), topic_2="disrepute", what_2="Boasted."
    )
    await road.to("check")
    assert "What happened 2: Who was it?" in road.text
    await road.go("send")
    matter = reports.only.matter
    assert matter is not None
    assert [(one.subject, one.topic, one.what) for one in matter.allegations] == [
        ("s1", "private-messages", STORY),
        ("s2", "private-messages", STORY),
        ("s2", "disrepute", "Boasted."),
    ]
    assert [(one.person, one.key) for one in matter.subjects] == [("ben", "s1"), ("dev", "s2")]


async def test_who_did_what_has_to_be_said_where_there_are_several(client: Browser) -> None:
    road = await to_events(Road(client))
    await road.go(**USUAL["events"])
    assert road.faults == ["Choose who it was"]


async def test_of_several_people_it_is_said_of_whom_something_is_missing(client: Browser) -> None:
    road = await (await Road(client).begin()).to("people")
    await road.go("add", **USUAL["people"])
    await road.go(**USUAL["people"], name_2="Dev Patel", capacity_2="")
    assert road.faults == ["Person 2: Choose what the person is; “I do not know” is an answer"]


async def test_whoever_has_no_name_yet_is_told_apart_by_number(client: Browser) -> None:
    road = await to_events(Road(client))
    await road.go("people")
    await road.go("events", **USUAL["people"], category_2="pupil")
    labels = [label.get_text().strip() for label in road.soup.select(".govuk-checkboxes__label")]
    assert labels == ["Ben Carter", "Person 2"]


async def test_another_person_is_added_before_the_first_is_complete(client: Browser) -> None:
    road = await (await Road(client).begin()).to("people")
    await road.go("add", name_1="Ben Carter")
    assert road.faults == []
    assert len(road.soup.select("input[name^=name_]")) == 2


async def test_a_person_added_and_left_empty_is_no_person(client: Browser, reports: Reports) -> None:
    road = await (await Road(client).begin()).to("people")
    await road.go("add", **USUAL["people"])
    await road.go(**USUAL["people"], name_2="", capacity_2="")
    assert road.page == "events"
    await road.to("check")
    await road.go("send")
    assert reports.only.matter is not None
    assert len(reports.only.matter.subjects) == 1


async def test_somebody_taken_out_again_did_nothing(client: Browser) -> None:
    road = await to_events(Road(client))
    await road.go(about_1=("person_2",), **USUAL["events"])
    await road.to("check")
    await road.go("people")
    await road.go(**USUAL["people"], name_2="", capacity_2="")
    assert road.page == "events"
    assert (await road.go(**USUAL["events"])).page == "check"


async def test_no_more_people_or_things_are_asked_for_than_a_report_can_hold(client: Browser) -> None:
    road = await (await Road(client).begin()).to("people")
    for _ in range(8):
        await road.go("add", **USUAL["people"])
    assert len(road.soup.select("input[name^=name_]")) == 5
    assert "Add another person" not in road.text


async def test_going_back_keeps_what_was_typed(client: Browser) -> None:
    road = await (await Road(client).begin()).to("events")
    await road.go("back", what_1=STORY)
    assert road.page == "people"
    named = road.soup.select_one("input[name=name_1]")
    assert named is not None
    assert named["value"] == "Ben Carter"
    await road.go(**USUAL["people"])
    assert road.page == "events"
    typed = road.soup.select_one("textarea[name=what_1]")
    assert typed is not None
    assert typed.get_text() == STORY


async def test_an_answer_is_changed_from_the_check_of_all(client: Browser, reports: Reports) -> None:
    road = await (await Road(client).begin()).to("check")
    assert STORY in road.text
    assert "Ben Carter" in road.text
    await road.go("images")
    assert (await road.go(images="yes")).page == "no_pictures"
    assert (await road.go()).page == "check"
    assert "May indecent images of a child be involved? Yes" in road.text
    assert reports.begun == {}


# What comes of it.


@pytest.mark.meets("ALLEG-02", "ALLEG-07")
async def test_a_report_without_a_name_begins_one_case_and_shows_a_code(client: Browser, reports: Reports) -> None:
    where = {**USUAL["when"], **a_day("happened_on", 30, 10, 2026), "where": "In a chat"}
    road = await Road(client).whole(when=where)
    assert road.title == "Your report was taken"
    assert len(road.code.replace("-", "")) == 28
    opening = reports.only
    assert (opening.organisation, opening.school, opening.process) == (ORGANISATION, SCHOOL, ALLEGATION)
    assert (opening.request.title, opening.request.author, opening.request.starter) == ("", "", "")
    events = await record_of(reports)
    recorded = next(one for one in events if isinstance(one, AllegationRecorded))
    assert [(one.name, one.person) for one in recorded.subjects] == [("Ben Carter", "ben")]
    assert (recorded.where, str(recorded.happened_on), recorded.at_risk) == ("In a chat", "2026-10-30", "yes")
    routed = next(one for one in events if isinstance(one, CaseRouted))
    assert (routed.route, routed.recused) == ("staff", ("ben",))
    assert not any(isinstance(one, ReporterNamed) for one in events)


async def test_where_no_child_could_be_at_risk_it_is_a_matter_of_conduct(client: Browser, reports: Reports) -> None:
    events = {"topic_1": "disrepute", "what_1": "Boasted."}
    road = await Road(client).whole(at_risk={"at_risk": "no"}, events=events)
    assert road.title == "Your report was taken"
    assert reports.only.process == DISCIPLINARY
    assert any(isinstance(one, MatterRecorded) for one in await record_of(reports))


async def test_who_gives_a_name_is_named_on_the_record(client: Browser, reports: Reports) -> None:
    you = {**USUAL["reporter"], "mode": "confidential", "confidential_name": "Joe Bloggs", "confidential_contact": "07"}
    road = await Road(client).whole(reporter=you)
    assert len(road.code) == 34
    named = next(one for one in await record_of(reports) if isinstance(one, ReporterNamed))
    assert named.reporter == Reporter(mode="confidential", name="Joe Bloggs", contact="07")


async def test_whoever_is_signed_in_need_not_type_their_name(signed_in: SignedIn, reports: Reports) -> None:
    browser = await signed_in(AMINAS)
    browser.form_token = ""
    road = await (await Road(browser).begin()).to("check", reporter={**USUAL["reporter"], "mode": "named"})
    assert "Your name Amina Okafor, who is signed in here" in road.text
    await road.go("send")
    named = next(one for one in await record_of(reports) if isinstance(one, ReporterNamed))
    assert named.reporter == Reporter(mode="named", person="amina", name="Amina Okafor")


async def test_whoever_is_not_signed_in_types_a_name_or_gives_none(client: Browser) -> None:
    road = await (await Road(client).begin()).to("reporter")
    await road.go(**{**USUAL["reporter"], "mode": "named"})
    assert road.faults == ["Type your name, or report without it"]
    assert (await road.go(**USUAL["reporter"])).page == "check"


async def test_a_report_of_the_headteacher_goes_to_the_chair(client: Browser, reports: Reports) -> None:
    people = {"name_1": "Mrs Helen Marsh", "category_1": "employee", "capacity_1": "as a parent"}
    await Road(client).whole(people=people)
    routed = next(one for one in await record_of(reports) if isinstance(one, CaseRouted))
    assert routed.route == "headteacher"
    assert "helen" in routed.recused


async def test_sent_twice_it_is_one_case_and_one_code(client: Browser, reports: Reports) -> None:
    road = await Road(client).ready()
    shown = road.answer
    first = (await road.go("send")).code
    road.answer = shown
    second = (await road.go("send")).code
    assert len(reports.begun) == 1
    assert first == second
    answer = await client.post("/report/receipt", {"code": first})
    assert (answer.status_code, "Your messages" in answer.text) == (200, True)


@pytest.mark.meets("INC-09", "INC-15", "INC-16")
async def test_the_last_page_says_what_else_to_do_and_what_to_leave(client: Browser, reports: Reports) -> None:
    road = await (await Road(client).ready()).go("send")
    assert "Do not answer online" in road.text
    assert "Delete nothing: keep messages, and note who telephoned and when." in road.text
    assert "If somebody threatens you, tell the police." in road.text
    assert "your trade union" in road.text


@pytest.mark.meets("INC-10", "PLAT-12")
async def test_somebody_else_may_tell_and_pupils_are_named_by_initials(client: Browser) -> None:
    road = await Road(client).begin()
    assert "You may also tell what happened to somebody else." in road.text
    assert "For a pupil, initials and class are enough." in (await road.to("people")).text
    assert "Write initials instead of the names of pupils." in (await road.to("events")).text


async def test_only_those_who_see_to_it_are_asked(client: Browser, reports: Reports) -> None:
    await (await Road(client).ready()).go("send")
    assert await reports.asked() == {"helen"}


# What does not come of it.


@pytest.mark.meets("ALLEG-05")
async def test_where_nobody_is_left_nothing_is_kept_and_the_lado_is_called(client: Browser, reports: Reports) -> None:
    involved = ("chair_of_governors", "vice_chair_of_governors")
    people = {**USUAL["people"], "name_1": "Helen Marsh"}
    road = await Road(client).whole(involved={"involved": involved}, people=people)
    assert road.title == "Telephone the Local Authority Designated Officer"
    assert "01632 960001" in road.text
    assert STORY in road.text
    assert reports.begun == {}


async def test_where_everybody_is_involved_it_is_said_before_the_story(client: Browser) -> None:
    road = await (await Road(client).begin()).to("involved")
    everybody = [str(one["value"]) for one in road.soup.select("input[name=involved]")]
    await road.go(involved=tuple(one for one in everybody if one != "none_of_them"))
    assert road.title == "Telephone the Local Authority Designated Officer"
    assert not road.soup.select("main form")


@pytest.mark.parametrize("lost", ["engine", "database"])
async def test_when_a_part_does_not_answer_everything_typed_stays_and_it_is_said(
    client: Browser, reports: Reports, site: Site, lost: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    road = await Road(client).ready()
    with monkeypatch.context() as broken:
        if lost == "engine":
            reports.lost = True
        else:
            broken.setattr(site.db, "write", _lost)
        await road.go("send")
    assert road.answer is not None
    assert road.answer.status_code == 503
    assert road.title == "Your report was not taken"
    assert "Take it that nothing was recorded" in road.text
    assert "01632 960001" in road.text
    assert STORY in road.text
    reports.lost = False
    assert (await road.go("send")).title == "Your report was taken"
    assert len(reports.begun) == 1


async def test_what_is_changed_after_a_doubtful_sending_is_not_lost(client: Browser, reports: Reports) -> None:
    road = await Road(client).ready()
    reports.lost_after = True
    await road.go("send")
    assert road.title == "Your report was not taken"
    reports.lost_after = False
    await road.go("send")
    assert (road.title, len(reports.begun)) == ("Your report was taken", 1)
    reports.lost_after = True
    road = await Road(client).ready()
    await road.go("send")
    reports.lost_after = False
    await road.go("on")
    await road.go("events")
    await road.go(topic_1="other", what_1="It was worse.")
    await road.go("send")
    told = [opening.matter.allegations[0].what for opening in reports.begun.values() if opening.matter]
    assert told == [STORY, STORY, "It was worse."]


def _lost(*_: Any) -> Any:
    raise OSError


async def test_a_fault_of_ours_loses_nothing_either(
    client: Browser, reports: Reports, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Any:
        raise RuntimeError(STORY)

    road = await Road(client).ready()
    monkeypatch.setattr("starter.web.reporting.sending.begun_by", broken)
    await road.go("send")
    assert road.title == "Your report was not taken"
    assert (await road.go("on")).page == "check"


async def test_after_very_many_reports_the_next_is_told_whom_to_telephone(
    client: Browser, reports: Reports, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("starter.web.reporting.sending.MOST_IN_AN_HOUR", 2)
    for _ in range(2):
        road = await (await Road(client).ready()).go("send")
        assert road.title == "Your report was taken"
        clock.pass_time(minutes=20)
    road = await (await Road(client).ready()).go("send")
    assert road.answer is not None
    assert road.answer.status_code == 429
    assert road.answer.headers["Retry-After"] == "1200"
    assert "01632 960001" in road.text
    assert STORY in road.text
    clock.pass_time(minutes=20)
    assert (await road.go("send")).title == "Your report was taken"
    assert len(reports.begun) == 3


@pytest.mark.parametrize(
    "changes",
    [
        {"so_far": "{}"},
        {"so_far": "no"},
        {"so_far": '{"key": "short"}'},
        {"so_far": SoFar(key="A" * 43).model_dump_json()[:-1] + ', "person": "amina"}'},
        {"page": "nowhere"},
        {"more": "1"},
        {"danger": ("yes", "no")},
    ],
)
async def test_what_no_page_of_a_report_sends_is_refused_with_whom_to_telephone(
    client: Browser, changes: dict[str, Any]
) -> None:
    road = await Road(client).begin()
    await road.go(**{**USUAL["start"], **changes})
    assert road.answer is not None
    assert road.answer.status_code == 422
    assert "01632 960001" in road.text
    assert "Nothing was recorded" in road.text
