"""Levers: administrators with no part in a case see to it, with a reason on record, and decide nothing by it."""

from collections.abc import Mapping
from datetime import date, timedelta

import pytest
from httpx2 import Response

from domain.cases import Act, Reply, Said
from domain.events import AnyEvent, AskMoved, Extended, HoldReleased, Nudged
from domain.people import PersonKind
from starter.web.levers import MOST_DAYS
from starter.web.site import Site
from store import people, queries
from tests.builders import BEN, HELEN, MONDAY, a_person
from tests.starter.web.conftest import Browser, Clock, SignedIn, page_of
from tests.starter.web.running import Running, answered, requested, withdrawn
from tests.starter.web.test_cases import CASE, changeable, tables_of, text_of

ADA, BEN_AT, AMINA = "ada@elmbrook.example", "ben@elmbrook.example", "amina@elmbrook.example"
ASK = f"{CASE}/asks/a1"
LEVERS = {
    f"{ASK}/reassign": {"to": "Otto Lind"},
    f"{ASK}/remind": {},
    f"{ASK}/extend": {"days": "3"},
    f"{CASE}/cancel": {},
}
"""The levers of a case that waits for an answer, each with what it asks for besides the reason."""


async def events_of(site: Site) -> list[AnyEvent]:
    async with site.db.read() as session:
        return [said.event for said in await queries.history(session, site.keys, "c-1")]


def shown(answer: Response) -> dict[str, str]:
    """Return what the form in `answer` would send if somebody pressed its last button."""
    form = page_of(answer).select("main form")[-1]
    texts = {str(area["name"]): area.get_text() for area in form.select("textarea")}
    return texts | {str(field["name"]): str(field.get("value", "")) for field in form.select("input:not([type=radio])")}


async def pull(browser: Browser, path: str, typed: Mapping[str, str]) -> Response:
    """Return what comes of a lever that is pulled by its two steps."""
    form = shown(await browser.get(path))
    check = await browser.post(path, {**form, **typed})
    assert check.status_code == 200, check.text
    assert "Nothing is done yet." in text_of(check)
    return await browser.post(path, shown(check))


def offers_of(answer: Response) -> list[str]:
    return [
        str(a["href"]) for a in page_of(answer).select("main li a") if "asks/" in a["href"] or "cancel" in a["href"]
    ]


async def disputed(running: Running) -> None:
    """Have Ben approve, and then say that it was not him."""
    await answered(running, "ben", "a1", comment="Fine.")
    await running.act("c-1", Act(kind="dispute", person="ben", how="link", ask="a1"))
    await running.settled("c-1")


async def test_an_administrator_finds_every_lever_on_the_page_of_the_case(
    running: Running, signed_in: SignedIn
) -> None:
    await requested(running)
    ada = await signed_in(ADA)
    assert offers_of(await ada.get(CASE)) == list(LEVERS)
    await disputed(running)
    assert offers_of(await ada.get(CASE)) == [f"{ASK}/release", f"{CASE}/cancel"]
    await withdrawn(running)
    assert offers_of(await ada.get(CASE)) == []


async def test_nobody_with_a_part_in_a_case_pulls_a_lever_of_it(
    running: Running, signed_in: SignedIn, site: Site
) -> None:
    async with site.db.write() as session:
        made = [one.model_copy(update={"administrator": True}) for one in (BEN, HELEN)]
        await people.save(session, [*made, a_person("amina", "Amina Okafor", line_manager="ben", administrator=True)])
    await requested(running)
    await disputed(running)
    for who in ("amina", "ben", "helen"):
        browser = await signed_in(f"{who}@elmbrook.example")
        assert offers_of(await browser.get(CASE)) == []
        for path in (*LEVERS, f"{ASK}/release"):
            assert (await browser.get(path)).status_code == 404
            assert (
                await browser.post(path, {"stage": "confirm", "occasion": "x", "comment": "So."})
            ).status_code == 404


async def test_an_administrator_who_stepped_aside_pulls_none_either(
    running: Running, signed_in: SignedIn, site: Site
) -> None:
    async with site.db.write() as session:
        await people.save(session, [BEN.model_copy(update={"administrator": True})])
    await requested(running)
    await running.act("c-1", Act(kind="step_aside", person="ben", how="session", ask="a1", comment="We are related."))
    await running.settled("c-1")
    ben = await signed_in(BEN_AT)
    page = await ben.get(CASE)
    assert offers_of(page) == []
    assert "We are related." not in text_of(page)
    assert (await ben.get(f"{ASK}/remind")).status_code == 404


async def test_somebody_else_is_asked_in_the_place_of_those_asked(
    running: Running, signed_in: SignedIn, site: Site
) -> None:
    await requested(running)
    ada = await signed_in(ADA)
    done = await pull(ada, f"{ASK}/reassign", {"to": "otto@elmbrook.example", "comment": "Ben is ill."})
    assert (done.status_code, done.headers["Location"]) == (303, CASE)
    await running.settled("c-1")
    moved = next(event for event in await events_of(site) if isinstance(event, AskMoved))
    assert (moved.why, moved.by, moved.comment, moved.named) == ("reassigned", "ada", "Ben is ill.", "otto")
    assert "Read and answer" in text_of(await (await signed_in("otto@elmbrook.example")).get(CASE))
    assert (await (await signed_in(BEN_AT)).get(CASE)).status_code == 404
    text = text_of(await ada.get(CASE))
    assert "somebody whom an administrator named in place of the Line manager" in text
    assert "Why: Ben is ill." in text


@pytest.mark.parametrize(
    ("to", "why"),
    [
        ("", "Type whom to ask"),
        ("Nobody Known", "Nobody called “Nobody Known” is in the directory"),
        ("Ada Quinn", "Ada Quinn cannot name themselves"),
        ("Amina Okafor", "Amina Okafor made this request, and nobody decides their own"),
        ("Ben Carter", "Ben Carter stepped aside because of a conflict of interest"),
        ("Gail Gone", "Gail Gone has left"),
        ("Vic Told", "Vic Told cannot stand for the Line manager"),
        ("ruth@redwood.example", "is in the directory"),
    ],
)
async def test_who_cannot_be_asked_is_said_with_everything_else_that_is_wrong(
    running: Running, signed_in: SignedIn, site: Site, to: str, why: str
) -> None:
    gone = a_person("gail", "Gail Gone", leaves_on=MONDAY.date() - timedelta(days=1))
    async with site.db.write() as session:
        await people.save(session, [gone, a_person("vic", "Vic Told", kind=PersonKind.VOLUNTEER)])
    await requested(running)
    await running.act("c-1", Act(kind="step_aside", person="ben", how="session", ask="a1", comment="We are related."))
    await running.settled("c-1")
    ada = await signed_in(ADA)
    form = await ada.get(f"{ASK}/reassign")
    listed = [re for item in page_of(form).select("main .govuk-list--bullet li") if (re := item.get_text(strip=True))]
    assert set(listed) == {
        "You: administrators cannot name themselves",
        "Amina Okafor made this request, and nobody decides their own",
        "Ben Carter stepped aside because of a conflict of interest",
    }
    for stage in ("review", "confirm"):
        answer = await ada.post(f"{ASK}/reassign", {**shown(form), "stage": stage, "to": to, "comment": " "})
        assert answer.status_code == 422
        faults = [str(link.get_text()) for link in page_of(answer).select(".govuk-error-summary a")]
        assert why in faults[0]
        assert faults[1] == "Say why: the reason stays on record"
        assert shown(answer)["to"] == to
    assert [act.kind for act in running.acts] == ["step_aside"]


async def test_those_asked_are_reminded_now_once_however_often_it_is_clicked(
    running: Running, signed_in: SignedIn, site: Site
) -> None:
    await requested(running)
    ada = await signed_in(ADA)
    check = await ada.post(f"{ASK}/remind", {**shown(await ada.get(f"{ASK}/remind")), "comment": "The trip is soon."})
    assert "Who is reminded Ben Carter" in text_of(check)
    for _ in range(2):
        assert (await ada.post(f"{ASK}/remind", shown(check))).status_code == 303
    assert (await pull(ada, f"{ASK}/remind", {"comment": "The trip is soon."})).status_code == 303
    await running.settled("c-1")
    nudges = [event for event in await events_of(site) if isinstance(event, Nudged)]
    assert [(nudge.by, nudge.comment) for nudge in nudges] == [("ada", "The trip is soon.")] * 2


async def test_more_time_is_given_after_the_new_date_was_shown(
    running: Running, signed_in: SignedIn, site: Site
) -> None:
    await requested(running)
    ada = await signed_in(ADA)
    for days, new in ((3, "Thursday 12 November 2026"), (2, "Monday 16 November 2026")):
        form = {**shown(await ada.get(f"{ASK}/extend")), "days": str(days), "comment": "Inspection."}
        check = await ada.post(f"{ASK}/extend", form)
        assert f"Due then {new}" in text_of(check)
        assert (await ada.post(f"{ASK}/extend", shown(check))).status_code == 303
        await running.settled("c-1")
        given = [event for event in await events_of(site) if isinstance(event, Extended)][-1]
        assert (given.days, given.by, given.comment) == (days, "ada", "Inspection.")
        assert f"until the end of {new}" in text_of(await ada.get(CASE))


@pytest.mark.parametrize("days", ["", "0", str(MOST_DAYS + 1), "-1", "3.5", "three", "٣", "9" * 50])
async def test_no_other_number_of_days_is_given(running: Running, signed_in: SignedIn, days: str) -> None:
    await requested(running)
    ada = await signed_in(ADA)
    form = {**shown(await ada.get(f"{ASK}/extend")), "days": days, "comment": "So."}
    answer = await ada.post(f"{ASK}/extend", form)
    assert answer.status_code == 422
    assert "Type how many working days more, from 1 to 20" in text_of(answer)
    assert shown(answer)["days"] == days


async def test_time_beyond_the_known_calendar_is_not_given(running: Running, signed_in: SignedIn, clock: Clock) -> None:
    clock.now = MONDAY.replace(year=2038, month=12, day=17)
    await requested(running)
    ada = await signed_in(ADA)
    form = {**shown(await ada.get(f"{ASK}/extend")), "days": "20", "comment": "So."}
    answer = await ada.post(f"{ASK}/extend", form)
    assert answer.status_code == 422
    assert "not known so far ahead" in text_of(answer)


async def test_a_request_is_cancelled_for_everybody(running: Running, signed_in: SignedIn) -> None:
    await requested(running)
    ada = await signed_in(ADA)
    assert (await pull(ada, f"{CASE}/cancel", {"comment": "Sent twice."})).status_code == 303
    await running.settled("c-1")
    assert "an administrator cancelled it on 2 November 2026" in text_of(await ada.get(CASE))
    assert (await ada.get(f"{CASE}/cancel")).headers["Location"] == CASE


@pytest.mark.parametrize(("stands", "after"), [("stands", "Approved"), ("void", "Waiting for an answer")])
async def test_a_disputed_answer_is_settled_and_nothing_is_chosen_beforehand(
    running: Running, signed_in: SignedIn, site: Site, stands: str, after: str
) -> None:
    await requested(running)
    await disputed(running)
    ada = await signed_in(ADA)
    form = await ada.get(f"{ASK}/release")
    assert page_of(form).select("input[checked]") == []
    assert "Ben Carter says that this answer was not theirs" in text_of(form)
    unchosen = await ada.post(f"{ASK}/release", {**shown(form), "comment": "I rang him."})
    assert unchosen.status_code == 422
    assert "Choose whether the answer stands" in text_of(unchosen)
    done = await pull(ada, f"{ASK}/release", {"stands": stands, "comment": "I rang him."})
    assert done.status_code == 303
    await running.settled("c-1")
    released = next(event for event in await events_of(site) if isinstance(event, HoldReleased))
    assert (released.by, released.stands, released.comment) == ("ada", stands == "stands", "I rang him.")
    assert tables_of(await ada.get(CASE))["The same as a table"][1][2].startswith(after)


@pytest.mark.parametrize(("path", "typed"), LEVERS.items())
async def test_a_lever_shows_what_was_typed_again_to_change_it_and_when_the_case_is_out_of_reach(
    running: Running, signed_in: SignedIn, path: str, typed: dict[str, str]
) -> None:
    await requested(running)
    ada = await signed_in(ADA)
    form = {**shown(await ada.get(path)), **typed, "comment": "Two\nlines."}
    running.lost = True
    for stage, status in (("change", 200), ("confirm", 503)):
        answer = await ada.post(path, {**form, "stage": stage})
        assert answer.status_code == status
        again = {name: text.strip() for name, text in shown(answer).items()}
        assert again == {**form, "stage": "review", "form_token": again["form_token"]}
    assert running.acts == []
    assert (await ada.post(path, {**form, "stage": "finish"})).status_code == 422
    assert (await ada.post(path, {**form, "verdict": "approve"})).status_code == 422


@pytest.mark.parametrize(
    ("says", "why"),
    [
        ("closed", "The request has ended."),
        ("held", "The request is on hold until an administrator settles a disputed answer."),
        ("not_offered", "It is not possible any more."),
    ],
)
async def test_what_a_case_does_not_take_is_said_with_why(
    running: Running,
    signed_in: SignedIn,
    monkeypatch: pytest.MonkeyPatch,
    says: Said,
    why: str,
) -> None:
    await requested(running)
    ada = await signed_in(ADA)

    async def refuses(case: str, act: Act) -> Reply:
        del case, act
        return Reply(says=says)

    monkeypatch.setattr(running.site.engine, "act", refuses)
    answer = await pull(ada, f"{ASK}/remind", {"comment": "So."})
    assert answer.status_code == 409
    assert why in text_of(answer)


@pytest.mark.usefixtures("impatient")
async def test_what_is_not_on_record_yet_is_said_to_be_on_its_way(running: Running, signed_in: SignedIn) -> None:
    await requested(running)
    ada = await signed_in(ADA)
    running.hold()
    answer = await pull(ada, f"{CASE}/cancel", {"comment": "Sent twice."})
    assert answer.status_code == 200
    assert "It is being written down" in text_of(answer)
    running.let_go()
    await running.settled("c-1")


async def test_a_seat_that_nobody_is_left_for_is_not_reminded_but_given_to_somebody_else(
    running: Running, signed_in: SignedIn, site: Site
) -> None:
    gone = {"leaves_on": date(2026, 11, 1), "holdings": ()}
    async with site.db.write() as session:
        await people.save(session, [BEN.model_copy(update=gone), HELEN.model_copy(update=gone)])
    await requested(running)
    ada = await signed_in(ADA)
    page = await ada.get(CASE)
    assert offers_of(page) == [f"{ASK}/reassign", f"{ASK}/extend", f"{CASE}/cancel"]
    assert "nobody is left who may decide this, administrators were told" in text_of(page)
    assert "you may ask somebody else" in text_of(page)
    assert (await ada.get(f"{ASK}/remind")).headers["Location"] == CASE
    assert (await pull(ada, f"{ASK}/reassign", {"to": "Otto Lind", "comment": "Nobody."})).status_code == 303
    await running.settled("c-1")
    assert "Otto Lind" in text_of(await ada.get(CASE))


async def test_an_author_who_is_asked_for_changes_is_reminded_or_given_more_time_and_nobody_in_their_place(
    running: Running, signed_in: SignedIn, site: Site
) -> None:
    await changeable(running)
    await answered(running, "ben", "a1", verdict="return", comment="Say more of the aims.")
    ada, asked = await signed_in(ADA), f"{CASE}/asks/a2"
    page = await ada.get(CASE)
    assert offers_of(page) == [f"{asked}/remind", f"{asked}/extend", f"{CASE}/cancel"]
    assert "Remind now (author)" in text_of(page)
    assert (await ada.get(f"{asked}/reassign")).headers["Location"] == CASE
    assert (await pull(ada, f"{asked}/remind", {"comment": "Before the term ends."})).status_code == 303
    assert (await pull(ada, f"{asked}/extend", {"comment": "Amina is ill.", "days": "3"})).status_code == 303
    await running.settled("c-1")
    nudged, extended = (await events_of(site))[-2:]
    assert (nudged.kind, extended.kind) == ("nudged", "extended")
