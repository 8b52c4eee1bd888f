"""Recording what happened to a site: by a link, signed in, honestly refused; who sees its life, and who changes it."""

import re

import pytest
from httpx2 import Response

from domain.cases import Act, Reply
from domain.events import AnyEvent
from store import people
from store.tables import HoldingRow
from tests.builders import HELEN
from tests.starter.web.conftest import Browser, Clock, RememberedCases, SignedIn, page_of
from tests.starter.web.living import CASE, LIVE, TYPED, begun, covers, registered, went_live
from tests.starter.web.running import Running, a_link, answered, link_row
from tests.starter.web.test_cases import tables_of
from tests.starter.web.test_decide import errors_of, text_of, the_history

RECORD = f"{CASE}/record"


@pytest.fixture
async def token(running: Running) -> str:
    """Return the token that Amina was mailed, who is to say when the site is live."""
    await begun(running)
    return await a_link(running.site, "amina", case="c-life")


async def events(running: Running) -> list[AnyEvent]:
    return [said.event for said in await the_history(running.site, "c-life")]


def hidden(answer: Response, name: str) -> str:
    found = page_of(answer).select_one(f"input[type=hidden][name={name}]")
    assert found is not None
    return str(found["value"])


async def by_link(client: Browser, token: str, stage: str, typed: list[tuple[str, str]] = TYPED) -> Response:
    occasion = hidden(await client.get(f"/d/{token}"), "occasion") if stage == "review" else "o" * 22
    return await client.post("/d", [("token", token), ("stage", stage), ("occasion", occasion), *typed])


async def signed(browser: Browser, kind: str, stage: str, *typed: tuple[str, str]) -> Response:
    return await browser.post(f"{RECORD}/{kind}", [("stage", stage), ("occasion", "o" * 22), *typed])


@pytest.mark.meets("LIFE-01")
async def test_a_mailed_link_shows_the_task_and_two_posts_put_it_on_record(
    running: Running, client: Browser, token: str
) -> None:
    before = await events(running)
    shown = await client.get(f"/d/{token}")
    await client.client.head(f"/d/{token}")
    await client.get(f"/d/{token}")
    assert "You are doing this as Amina Okafor , Site owner" in text_of(shown)
    assert "go_live" in text_of(shown)
    checked = await by_link(client, token, "review")
    assert "Nothing is on record yet" in text_of(checked)
    assert "Otto Lind (moderator)" in text_of(checked)
    assert await events(running) == before
    done = await by_link(client, token, "confirm")
    assert done.headers["location"] == f"/d/{token}/receipt"
    receipt = text_of(await client.get(f"/d/{token}/receipt"))
    assert "It is on record" in receipt
    assert "https://example.org/science" in receipt
    event = next(event for event in await events(running) if event.kind == "site_went_live")
    assert (event.by, event.how, event.trained) == ("amina", "link", ("amina", "ben", "dev", "otto"))


async def test_a_link_of_a_task_is_good_for_one_entry(running: Running, client: Browser, token: str) -> None:
    await by_link(client, token, "confirm")
    assert (await client.get(f"/d/{token}")).status_code == 410
    again = await by_link(client, token, "confirm")
    assert again.headers["location"] == f"/d/{token}/receipt"
    assert [event.kind for event in await events(running)].count("site_went_live") == 1
    assert (await client.get("/d/unknown")).status_code == 404
    assert (await link_row(running.site, token)).status != "open"


async def test_once_it_is_done_the_case_takes_nothing_more_for_the_same_ask(running: Running, token: str) -> None:
    del token
    await went_live(running)
    late = Act(kind="record", person="amina", how="link", ask="a1", entry=LIVE, occasion="late")
    assert (await running.act("c-life", late)).says == "closed"


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        (("on-year", "2027"), ("#on-day", "This day has not come yet: record it once it has happened")),
        (
            ("terms_published", "no"),
            (
                "#terms_published",
                "A site goes live with its terms of use and house rules on it. Publish them, and then record this",
            ),
        ),
        (("privacy", ""), ("#privacy", "Answer “How is the privacy of the site set?”")),
    ],
)
@pytest.mark.meets("LIFE-01", "LIFE-06")
async def test_what_is_wrong_stands_beside_its_question_and_what_was_typed_is_kept(
    running: Running, client: Browser, token: str, changed: tuple[str, str], fault: tuple[str, str]
) -> None:
    typed = [pair if pair[0] != changed[0] else changed for pair in TYPED]
    answer = await by_link(client, token, "confirm", typed)
    assert answer.status_code == 422
    assert errors_of(answer) == [fault]
    address = page_of(answer).select_one("#address")
    assert address is not None
    assert address["value"] == "https://example.org/science"
    assert "site_went_live" not in [event.kind for event in await events(running)]


@pytest.mark.meets("LIFE-01", "LIFE-09")
async def test_a_site_does_not_go_live_while_one_of_two_moderators_is_away(
    running: Running, client: Browser, token: str
) -> None:
    await covers(running, ("amina", "ben"), ("dev",))
    answer = await by_link(client, token, "confirm")
    [(place, said)] = errors_of(answer)
    assert place == "#trained"
    assert "2 moderators (now 1)" in said
    assert "Otto Lind (moderator; away, or has left)" in text_of(answer)


@pytest.mark.meets("LIFE-02")
async def test_a_site_whose_day_of_closing_has_come_does_not_go_live_and_the_page_says_what_to_do(
    running: Running, signed_in: SignedIn
) -> None:
    await begun(running, closure_date="2026-11-02")
    amina = await signed_in("amina@elmbrook.example")
    await amina.get(f"{RECORD}/site_went_live")
    [(place, said)] = errors_of(await signed(amina, "site_went_live", "confirm", *TYPED))
    assert place == "#on-day"
    assert "was to be closed on 2 November 2026, and goes live before that day or not at all" in said
    assert "or record that it is closed" in said


async def test_what_changed_meanwhile_is_said_and_what_was_typed_stays(
    running: Running, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    await begun(running)
    amina = await signed_in("amina@elmbrook.example")
    await amina.get(f"{RECORD}/site_went_live")
    running.lost = True
    lost = await signed(amina, "site_went_live", "confirm", *TYPED)
    assert lost.status_code == 503
    assert "could not reach the case" in text_of(lost)
    assert "https://example.org/science" in lost.text
    running.lost = False
    done = await signed(amina, "site_went_live", "confirm", *TYPED)
    assert done.status_code == 303
    assert done.headers["location"].startswith(f"{CASE}/recorded/")
    assert "Closed group." in text_of(await amina.get(done.headers["location"]))
    twice = await signed(amina, "site_went_live", "confirm", *TYPED)
    assert (twice.status_code, "nothing of this kind" in text_of(twice)) == (409, True)


@pytest.mark.parametrize(
    ("person", "sees", "records"),
    [
        ("amina", True, True),
        ("ben", True, True),
        ("otto", True, True),
        ("helen", True, False),
        ("ada", True, False),
        ("temp", False, False),
    ],
)
async def test_those_who_run_a_site_record_those_who_hold_its_seats_read_and_nobody_else_knows_of_it(
    running: Running, signed_in: SignedIn, person: str, sees: bool, records: bool
) -> None:
    await begun(running)
    await went_live(running)
    browser = await signed_in(f"{person}@elmbrook.example")
    page = await browser.get(CASE)
    assert page.status_code == (200 if sees else 404)
    offered = bool(page_of(page).select(f"a[href='{RECORD}/post_moderated']"))
    assert offered == records
    form = await browser.get(f"{RECORD}/post_moderated")
    assert form.status_code == (200 if records else 409 if sees else 404)


async def test_who_gave_up_a_seat_does_not_see_the_site_any_more(running: Running, signed_in: SignedIn) -> None:
    await begun(running)
    helen = await signed_in("helen@elmbrook.example")
    assert (await helen.get(CASE)).status_code == 200
    async with running.site.db.write() as session:
        await people.save(session, [HELEN.model_copy(update={"holdings": ()})])
    assert (await helen.get(CASE)).status_code == 404


@pytest.mark.meets("LIFE-11", "LIFE-12")
async def test_a_post_that_may_put_a_child_at_risk_leads_to_the_report(running: Running, signed_in: SignedIn) -> None:
    await begun(running)
    await went_live(running)
    otto = await signed_in("otto@elmbrook.example")
    await otto.get(f"{RECORD}/post_moderated")
    said = (("what", "removed"), ("reason", "harmful"), ("child_at_risk", "unsure"), ("note", ""))
    done = await signed(otto, "post_moderated", "confirm", *said)
    receipt = await otto.get(done.headers["location"])
    assert "A child may be at risk" in text_of(receipt)
    assert page_of(receipt).select_one("main a[href='/report']") is not None


@pytest.mark.meets("LIFE-11")
@pytest.mark.parametrize(
    ("reason", "reported", "police"),
    [
        ("offensive", True, False),
        ("harmful", True, False),
        ("illegal", True, True),
        ("personal", False, False),
        ("other", False, False),
    ],
)
async def test_an_offensive_harmful_or_illegal_post_leads_to_the_report_though_no_child_is_at_risk(
    running: Running, signed_in: SignedIn, reason: str, reported: bool, police: bool
) -> None:
    await begun(running)
    await went_live(running)
    otto = await signed_in("otto@elmbrook.example")
    await otto.get(f"{RECORD}/post_moderated")
    said = (("what", "not_posted"), ("reason", reason), ("child_at_risk", "no"), ("note", "Twice."))
    done = await signed(otto, "post_moderated", "confirm", *said)
    receipt = await otto.get(done.headers["location"])
    assert ("This record tells nobody. Report it as well" in text_of(receipt)) is reported
    assert (page_of(receipt).select_one("main a[href='/report']") is not None) is reported
    assert ("Whom to tell of what is against the law Police" in text_of(receipt)) is police
    assert "A child may be at risk" not in text_of(receipt)


async def test_a_site_that_is_not_live_is_not_looked_at(running: Running, signed_in: SignedIn) -> None:
    await begun(running)
    amina = await signed_in("amina@elmbrook.example")
    page = page_of(await amina.get(CASE))
    offered = {str(link["href"]).rpartition("/")[2] for link in page.select(f"a[href^='{RECORD}']")}
    assert offered == {"site_went_live", "site_closed"}
    assert (await amina.get(f"{RECORD}/visitor_signed")).status_code == 409
    assert (await amina.get(f"{RECORD}/nonsense")).status_code == 404


@pytest.mark.meets("LIFE-07", "LIFE-08")
async def test_the_page_of_a_site_says_who_runs_it_what_comes_and_what_happened(
    running: Running, signed_in: SignedIn
) -> None:
    await begun(running)
    await went_live(running)
    text = text_of(await (await signed_in("ben@elmbrook.example")).get(CASE))
    for said in (
        "Live",
        "This waits for nothing now: next, the site is looked at on",
        "you may change the site or put on record what happened",
        "Otto Lind , moderator",
        "The site is to be closed",
        "Amina Okafor put on record that the site went live on 2 November 2026",
        "The site, version 1",
    ):
        assert said in text
    assert re.findall(r"(?i).{20}request.{20}", text) == []


async def changes(browser: Browser, running: Running, moderator: str = "Helen Marsh") -> Response:
    """Have somebody name another moderator, up to the page that the change is sent from."""
    page = await browser.get(CASE)
    assert "Change this site" in text_of(page)
    begin = await browser.get(f"{CASE}/edit")
    assert "A change needs the approvals that a new site needs" in text_of(begin)
    draft = (await browser.post(f"{CASE}/edit", {"stage": "begin"})).headers["location"]
    section = page_of(await browser.get(f"{draft}/team"))
    typed = {str(field["name"]): str(field.get("value", "")) for field in section.select("main input[type=text]")}
    assert typed["moderators-2"] == "Otto Lind"
    await browser.post(f"{draft}/team", {**typed, "moderators-2": moderator})
    checked = await browser.get(f"{draft}/check")
    assert "the site stays as it is" in text_of(checked)
    return await browser.post(
        f"{draft}/check", {"read": hidden(checked, "read"), "edition": hidden(checked, "edition")}
    )


@pytest.mark.meets("LIFE-02", "LIFE-05", "LIFE-08")
async def test_a_change_of_a_site_is_approved_side_by_side_by_somebody_else_and_then_stands_in_the_register(
    running: Running, signed_in: SignedIn, client: Browser, clock: Clock
) -> None:
    await registered(running)
    await begun(running)
    await went_live(running)
    clock.pass_time(days=30)
    ben = await signed_in("ben@elmbrook.example")
    sent = await changes(ben, running)
    assert sent.headers["location"] == f"{CASE}/changed"
    assert "The site stays as it is until the change is approved" in text_of(await ben.get(f"{CASE}/changed"))
    asked = next(event for event in reversed(await events(running)) if event.kind == "ask_opened")
    link = await a_link(running.site, HELEN, ask=asked.ask, case="c-life", version=2)
    text = text_of(await client.get(f"/d/{link}"))
    assert "Ben Carter asks you to approve the proposed site" in text
    assert "What is to be changed" in text
    assert "Moderators Before Dev Patel Otto Lind After Dev Patel Helen Marsh" in text
    reply = await answered(running, "helen", asked.ask, "c-life", version=2, confirmations=())
    assert reply.says == "done"
    assert "site_changed" in [event.kind for event in await events(running)]
    register = text_of(await ben.get("/register"))
    assert "Moderators: Dev Patel, Helen Marsh" in register
    assert "Live: https://example.org/science" in register
    assert "Monday 2 November 2026" in tables_of(await ben.get("/register"))["Approved sites, by title"][0][4]
    assert "Before Dev Patel Otto Lind" in text_of(await ben.get(f"{CASE}/versions"))


async def test_a_change_that_is_not_approved_leaves_the_page_as_it_was(running: Running, signed_in: SignedIn) -> None:
    await begun(running)
    amina = await signed_in("amina@elmbrook.example")
    await changes(amina, running)
    asked = next(event for event in reversed(await events(running)) if event.kind == "ask_opened")
    reply = await answered(running, "helen", asked.ask, "c-life", version=2, verdict="reject", comment="No.")
    assert reply.says == "done"
    text = text_of(await amina.get(CASE))
    assert "The change of the site was turned down" in text
    assert "Dev Patel Otto Lind" in text
    assert "Change this site" in text


@pytest.mark.meets("LIFE-02")
async def test_the_closing_of_a_site_is_put_on_a_day_that_lies_ahead_and_may_stay_on_one_that_has_come(
    running: Running, signed_in: SignedIn, clock: Clock
) -> None:
    await begun(running, closure_date="2026-11-30")
    await went_live(running)
    clock.pass_time(days=40)
    amina = await signed_in("amina@elmbrook.example")
    draft = (await amina.post(f"{CASE}/edit", {"stage": "begin"})).headers["location"]

    async def closes(day: str, month: str) -> list[tuple[str, str]]:
        section = page_of(await amina.get(f"{draft}/days"))
        there = {str(one["name"]): str(one.get("value", "")) for one in section.select("main input[type=text]")}
        new = {"closure_date-day": day, "closure_date-month": month}
        return errors_of(await amina.post(f"{draft}/days", {**there, **new}))

    for day, month in (("20", "11"), ("12", "12")):
        [(place, said)] = await closes(day, month)
        assert place == "#closure_date-day"
        assert "on a day that has come already. Choose a day after today" in said
    assert await closes("13", "12") == []
    assert await closes("30", "11") == []


@pytest.mark.meets("LIFE-02")
async def test_a_day_that_comes_while_a_change_is_sent_is_said_and_the_changes_are_kept(
    running: Running, signed_in: SignedIn, cases: RememberedCases, monkeypatch: pytest.MonkeyPatch
) -> None:
    await begun(running)
    amina = await signed_in("amina@elmbrook.example")

    async def too_late(_case: str, _act: Act) -> Reply:
        return Reply(says="incomplete")

    monkeypatch.setattr(cases, "act", too_late)
    sent = await changes(amina, running)
    assert sent.status_code == 409
    assert "A day that has to lie ahead does not any more" in text_of(sent)
    assert "Go back to the form" in text_of(sent)


async def test_nobody_but_those_who_run_a_site_changes_it(running: Running, signed_in: SignedIn) -> None:
    await begun(running)
    for person in ("helen", "ada", "temp"):
        browser = await signed_in(f"{person}@elmbrook.example")
        assert (await browser.get(f"{CASE}/edit")).status_code == 404


async def test_an_administrator_stops_looking_after_a_site_and_the_page_says_so(
    running: Running, signed_in: SignedIn
) -> None:
    await begun(running)
    ada = await signed_in("ada@elmbrook.example")
    assert "Stop looking after the site" in text_of(await ada.get(CASE))
    lever = await ada.get(f"{CASE}/cancel")
    occasion = hidden(lever, "occasion")
    await ada.post(f"{CASE}/cancel", {"stage": "confirm", "occasion": occasion, "comment": "Never made."})
    text = text_of(await ada.get(CASE))
    assert "Cancelled" in text
    assert "The site is looked after no more" in text


async def test_the_register_says_how_a_site_stands_and_leads_to_its_life(running: Running, signed_in: SignedIn) -> None:
    await registered(running)
    await begun(running)
    amina, temp = await signed_in("amina@elmbrook.example"), await signed_in("temp@elmbrook.example")
    assert "Not live yet" in text_of(await amina.get("/register"))
    await went_live(running)
    page = await amina.get("/register")
    for said in ("Live: https://example.org/science", "Administrators: Amina Okafor, Ben Carter", "is looked at"):
        assert said in text_of(page)
    assert page_of(page).select_one(f"main a[href='{CASE}']") is not None
    assert page_of(await temp.get("/register")).select("main a") == []


async def test_a_seat_counts_only_at_the_school_of_the_site(running: Running, signed_in: SignedIn) -> None:
    await begun(running)
    async with running.site.db.write() as session:
        session.add(HoldingRow(person="both", school="elmbrook-high", seat="headteacher"))
    both = await signed_in("both@elmbrook.example")
    assert (await both.get(CASE)).status_code == 404


async def test_somebody_who_is_asked_may_step_aside_from_a_task(running: Running, client: Browser, token: str) -> None:
    page = await client.get(f"/d/{token}")
    assert page_of(page).select_one(f"a[href='/d/{token}/step-aside']") is not None
    await client.post("/d/step-aside", {"token": token, "stage": "confirm", "comment": "My brother posts there."})
    moved = next(event for event in await events(running) if event.kind == "ask_moved")
    assert moved.why == "stepped_aside"
    assert [one.person for one in moved.asked or ()] == ["helen"]
