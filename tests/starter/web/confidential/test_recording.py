"""Putting something on record: the form, the check of the answers, what the case says, and what the page says then."""

from collections.abc import Mapping

import pytest
from httpx2 import Response

from domain.allegations import Allegation
from domain.entries import (
    EvidenceRecorded,
    LadoReferralMade,
    NoticeGiven,
    OutcomeRecorded,
    SafeguardingConcernRaised,
)
from domain.events import StepRefused
from domain.offered_entries import accepted
from starter.web import entry_steps
from starter.web.confidential import recording
from tests.matters import ALLEGATION, CLAUSE, CONFIDENTIAL, DISCIPLINARY
from tests.starter.web.confidential.conftest import HERE, Begin, Strong, text_of
from tests.starter.web.conftest import Browser, Clock, page_of
from tests.starter.web.running import Running

Typed = Mapping[str, str | tuple[str, ...]]
REFERRAL = {"method": "phone", "spoke_to": "Lou Lane", "reference": "LA-1", "note": "All of it."}
NOW = {"happened-day": "2", "happened-month": "11", "happened-year": "2026", "happened_time": "9am"}
TWO = (
    Allegation(key="a1", subject="s1", topic="private-messages", what="Wrote to a pupil."),
    Allegation(key="a2", subject="s1", topic="disrepute", what="Laughed about it."),
)
DOT = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ"


def at(kind: str, reference: str = "K7QM-4TXR") -> str:
    return f"/c/{reference}/record/{kind}"


def hidden(answer: Response, name: str) -> str:
    field = page_of(answer).select_one(f"input[type=hidden][name={name}]")
    assert field is not None
    return str(field["value"])


async def opened(browser: Browser, kind: str, reference: str = "K7QM-4TXR") -> str:
    """Open the form of an entry; return its occasion."""
    answer = await browser.get(at(kind, reference))
    assert answer.status_code == 200
    return hidden(answer, "occasion")


async def sent(browser: Browser, kind: str, stage: str, typed: Typed, occasion: str, **more: str) -> Response:
    """Send a form."""
    pairs = [("stage", stage), ("occasion", occasion)]
    for name, value in typed.items():
        pairs += [(name, one) for one in ((value,) if isinstance(value, str) else value)]
    return await browser.post(at(kind, **more), pairs)


async def recorded(browser: Browser, kind: str, typed: Typed, reference: str = "K7QM-4TXR") -> Response:
    """Go all the way: the form, the check, and on record."""
    occasion = await opened(browser, kind, reference)
    checked = await sent(browser, kind, "review", typed, occasion, reference=reference)
    assert checked.status_code == 200, page_of(checked).select_one(".govuk-error-summary")
    assert page_of(checked).select_one("h1").get_text() == "Check your answers"  # type: ignore[union-attr]
    return await sent(browser, kind, "confirm", typed, hidden(checked, "occasion"), reference=reference)


def errors(answer: Response) -> dict[str, str]:
    """Return what the summary says is wrong, by the field that it leads to."""
    links = page_of(answer).select(".govuk-error-summary a")
    return {str(link["href"]).removeprefix("#"): link.get_text() for link in links}


# From the form to the record.


@pytest.mark.meets("ALLEG-03")
async def test_a_form_is_checked_and_then_on_record_with_its_number(begin: Begin, strong: Strong) -> None:
    case = await begin()
    browser = await strong("helen")
    occasion = await opened(browser, "lado_referral_made")
    checked = await sent(browser, "lado_referral_made", "review", {**REFERRAL, **NOW}, occasion)
    text = " ".join(page_of(checked).get_text(" ").split())
    assert "Nothing is on record yet. What is recorded cannot be changed" in text
    assert "What it is about Private messages to a pupil: Wrote to a pupil." in text
    assert "Whom did you speak or write to? Lou Lane" in text
    assert "lado_referral_made" not in await case.kinds()
    answer = await sent(browser, "lado_referral_made", "confirm", {**REFERRAL, **NOW}, occasion)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{HERE}/recorded/4")
    entry = (await case.events())[3]
    assert isinstance(entry, LadoReferralMade)
    assert (entry.by, entry.how, entry.allegations, entry.spoke_to) == ("helen", "session", ("a1",), "Lou Lane")
    page = await text_of(browser, f"{HERE}/recorded/4")
    assert "It is on record, as number 4" in page
    assert "Helen Marsh referred it to the LADO, by phone: Lou Lane, reference LA-1." in page
    assert "“Record the LADO's advice” is due by" in page


async def test_a_double_click_is_one_entry(begin: Begin, strong: Strong) -> None:
    case = await begin()
    browser = await strong("helen")
    occasion = await opened(browser, "lado_referral_made")
    both = [await sent(browser, "lado_referral_made", "confirm", REFERRAL, occasion) for _ in range(2)]
    assert {answer.headers["Location"] for answer in both} == {f"{HERE}/recorded/4"}
    assert (await case.kinds()).count("lado_referral_made") == 1
    again = await opened(browser, "lado_referral_made")
    assert again != occasion


async def test_what_is_wrong_stands_beside_its_field_and_what_was_typed_is_kept(begin: Begin, strong: Strong) -> None:
    case = await begin()
    browser = await strong("helen")
    occasion = await opened(browser, "evidence_recorded")
    typed = {"source": "public_internet", "what": "A page\nwith words", "happened-day": "31", "happened-month": "2"}
    answer = await sent(browser, "evidence_recorded", "review", typed, occasion)
    assert answer.status_code == 422
    assert set(errors(answer)) == {"address", "happened-day", "happened_time"}
    page = page_of(answer)
    for place in errors(answer):
        assert page.select_one(f"[id='{place}']") is not None
    assert page.select_one("textarea#what").get_text() == "A page\nwith words"  # type: ignore[union-attr]
    assert page.select("input[name='happened-day'][value='31']")
    assert page.select("input[type=radio][value=public_internet][checked]")
    assert hidden(answer, "occasion") == occasion
    back = await sent(browser, "evidence_recorded", "change", typed, occasion)
    assert (back.status_code, errors(back)) == (200, {})
    assert page_of(back).select("input[name='happened-day'][value='31']")
    assert "evidence_recorded" not in await case.kinds()


@pytest.mark.meets("ALLEG-12", "ALLEG-13", "ALLEG-15", "INC-11")
@pytest.mark.parametrize("stage", ["review", "change", "confirm"])
async def test_a_picture_that_is_pasted_is_refused_and_nothing_of_it_is_kept(
    begin: Begin, strong: Strong, stage: str, caplog: pytest.LogCaptureFixture
) -> None:
    case = await begin()
    browser = await strong("helen")
    occasion = await opened(browser, "evidence_recorded")
    typed = {"source": "witness", "what": f"Look {DOT}", **NOW}
    answer = await sent(browser, "evidence_recorded", stage, typed, occasion)
    assert "iVBOR" not in answer.text
    assert page_of(answer).select_one("textarea#what").get_text() == ""  # type: ignore[union-attr]
    if stage != "change":
        assert answer.status_code == 422
        assert errors(answer)["what"].startswith("A picture or a file was pasted here. Duly takes words only")
    assert "evidence_recorded" not in await case.kinds()
    assert "iVBOR" not in caplog.text


@pytest.mark.meets("ALLEG-04")
@pytest.mark.parametrize("permits", [None, ("tell_subject",)])
async def test_what_the_advice_does_not_let_happen_is_refused_with_its_clause_and_on_record(
    begin: Begin, strong: Strong, permits: tuple[str, ...] | None
) -> None:
    case = await begin()
    if permits is not None:
        await case.referred(*permits)
    browser = await strong("helen")
    form = await text_of(browser, at("investigation_started"))
    assert "If you send this now, it is refused, and the attempt is on record." in form
    answer = await recorded(browser, "investigation_started", {"investigator": "Dev Patel"})
    assert answer.status_code == 409
    text = " ".join(page_of(answer).get_text(" ").split())
    assert "It was refused, and did not happen" in text
    clause = next(one for one in CONFIDENTIAL.clauses if one.id == CLAUSE)
    assert f"{clause.where} of “{CONFIDENTIAL.document.title}”: “{clause.quoted}”" in text
    last = (await case.events())[-1]
    assert isinstance(last, StepRefused)
    assert (last.tried, last.by, last.clause) == ("investigation_started", "helen", CLAUSE)
    assert "investigation_started" not in await case.kinds()


@pytest.mark.meets("ALLEG-04")
async def test_what_the_advice_permits_is_recorded(begin: Begin, strong: Strong) -> None:
    case = await begin()
    browser = await strong("helen")
    await recorded(browser, "lado_referral_made", REFERRAL)
    advice: Typed = {
        "giver": "Lou Lane",
        "method": "phone",
        "advice": "employer_investigation",
        "permits": ("investigate",),
        "note": "Go ahead.",
        **NOW,
    }
    assert (await recorded(browser, "lado_advice_recorded", advice)).status_code == 303
    assert (await recorded(browser, "investigation_started", {"investigator": "Dev Patel"})).status_code == 303
    assert "investigation_started" in await case.kinds()


# Who may, and when.


@pytest.mark.parametrize("process", [ALLEGATION, DISCIPLINARY], ids=lambda one: one.key)
async def test_every_form_that_is_offered_can_be_opened(begin: Begin, strong: Strong, process: object) -> None:
    await begin(process=process, at_risk="no")
    browser = await strong("helen")
    offered = [link for link in page_of(await browser.get(HERE)).select("main a") if "/record/" in str(link["href"])]
    assert len(offered) > 15
    for link in offered:
        assert (await browser.get(str(link["href"]))).status_code == 200


async def test_whoever_may_only_read_records_nothing(begin: Begin, strong: Strong, running: Running) -> None:
    await begin()
    browser = await strong("dana")
    for kind in ("lado_referral_made", "police_contacted"):
        for answer in (await browser.get(at(kind)), await sent(browser, kind, "confirm", REFERRAL, "0" * 16)):
            assert answer.status_code == 409
            assert "You are not asked in this case now" in answer.text
    assert running.acts == []


async def test_what_is_no_entry_or_none_of_this_case_is_not_offered(begin: Begin, strong: Strong) -> None:
    await begin()
    browser = await strong("helen")
    assert (await browser.get(at("nothing"))).status_code == 404
    assert (await browser.get(at("case_routed"))).status_code == 404
    for kind in ("triage_recorded", "calls_made", "basic_enquiry_made"):
        answer = await browser.get(at(kind))
        assert answer.status_code == 409
        assert "This is not recorded in such a case" in answer.text
        assert kind not in accepted(ALLEGATION, "staff")


@pytest.mark.parametrize(
    "pairs",
    [
        {"stage": "steal", "occasion": "0" * 16},
        {"stage": "review", "occasion": "short"},
        {"stage": "review", "occasion": "0" * 65},
        {"stage": "review"},
        {"stage": "review", "occasion": "0" * 16, "by": "cara"},
    ],
)
async def test_what_no_page_sends_is_not_read(begin: Begin, strong: Strong, pairs: dict[str, str]) -> None:
    await begin()
    browser = await strong("helen")
    assert (await browser.post(at("police_contacted"), pairs)).status_code == 422


async def test_where_the_case_cannot_be_reached_what_was_typed_is_kept(
    begin: Begin, strong: Strong, running: Running
) -> None:
    await begin()
    browser = await strong("helen")
    occasion = await opened(browser, "lado_referral_made")
    running.lost = True
    answer = await sent(browser, "lado_referral_made", "confirm", REFERRAL, occasion)
    assert answer.status_code == 503
    assert errors(answer) == {"form": recording.LATER}
    assert page_of(answer).select("input[name=spoke_to][value='Lou Lane']")
    running.lost = False
    assert (await sent(browser, "lado_referral_made", "confirm", REFERRAL, occasion)).status_code == 303


async def test_while_the_record_is_behind_it_says_that_nothing_is_lost(
    begin: Begin, strong: Strong, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entry_steps, "_PATIENCE", 0.1)
    await begin()
    browser = await strong("helen")
    occasion = await opened(browser, "lado_referral_made")
    running.hold()
    answer = await sent(browser, "lado_referral_made", "confirm", REFERRAL, occasion)
    assert (answer.status_code, "Nothing is lost" in answer.text) == (200, True)
    running.let_go()


@pytest.mark.meets("ALLEG-10")
async def test_each_allegation_ends_in_one_way_and_the_last_one_closes_the_case(begin: Begin, strong: Strong) -> None:
    case = await begin(allegations=TWO)
    for about in ("a1", "a2"):
        await case.record("helen", "lado_referral_made", about)
        await case.record("helen", "lado_advice_recorded", about)
    browser = await strong("helen")
    ended = {"outcome": "malicious", "reasons": "It was made up."}
    none = await sent(browser, "outcome_recorded", "review", ended, "0" * 16)
    assert errors(none) == {"allegations": "Say which allegations it is about"}
    assert (await recorded(browser, "outcome_recorded", {**ended, "allegations": "n2"})).status_code == 303
    form = await text_of(browser, at("outcome_recorded"))
    assert "Private messages to a pupil: Wrote to a pupil." in form
    assert "Laughed about it" not in form
    assert (await recorded(browser, "outcome_recorded", ended)).status_code == 303
    outcomes = [event for event in await case.events() if isinstance(event, OutcomeRecorded)]
    assert [(one.allegations, one.outcome) for one in outcomes] == [(("a2",), "malicious"), (("a1",), "malicious")]
    assert "This waits for nothing: the case was closed" in await text_of(browser)
    closed = await browser.get(at("police_contacted"))
    assert (closed.status_code, "The case is closed." in closed.text) == (409, True)


@pytest.mark.meets("ALLEG-11")
async def test_whoever_turns_out_to_be_meant_reads_nothing_more(begin: Begin, strong: Strong) -> None:
    case = await begin()
    browser = await strong("helen")
    meant = {"name": "Helen Marsh", "category": "headteacher", "person": "Helen Marsh"}
    answer = await recorded(browser, "subject_corrected", meant)
    assert (answer.status_code, "It is done, and on record" in answer.text) == (200, True)
    assert (await browser.get(HERE)).status_code == 404
    assert "subject_corrected" in await case.kinds()
    assert "This waits for the Chair of governors as case manager" in await text_of(await strong("cara"))


async def test_whoever_is_told_reads_a_case_that_is_closed_and_records_nothing(begin: Begin, strong: Strong) -> None:
    case = await begin()
    await case.referred()
    await case.record("helen", "outcome_recorded")
    dana = await strong("dana")
    assert "This waits for nothing: the case was closed on 2 November 2026" in await text_of(dana)
    answer = await dana.get(at("police_contacted"))
    assert (answer.status_code, "The case is closed." in answer.text) == (409, True)


# Letters.


@pytest.mark.meets("DISC-25")
@pytest.mark.parametrize("kind", ["notice_given", "hearing_called"])
async def test_a_letter_begins_as_a_draft_with_the_right_to_be_accompanied(
    begin: Begin, strong: Strong, kind: str
) -> None:
    await begin(process=DISCIPLINARY, at_risk="no")
    browser = await strong("helen")
    letter = page_of(await browser.get(at(kind))).select_one("textarea#letter")
    assert letter is not None
    for words in ("Dear Ben Carter,", "2 November 2026", "Wrote to a pupil.", "Helen Marsh"):
        assert words in letter.get_text()
    assert "You have the right to be accompanied" in letter.get_text()
    assert "[day]" in letter.get_text()


@pytest.mark.parametrize("stage", ["review", "confirm"])
async def test_a_letter_with_what_is_still_in_brackets_is_refused_and_each_is_named(
    begin: Begin, strong: Strong, stage: str
) -> None:
    case = await begin(process=DISCIPLINARY, at_risk="no")
    browser = await strong("helen")
    answer = await browser.get(at("notice_given"))
    draft = page_of(answer).select_one("textarea#letter")
    assert draft is not None
    typed = draft.get_text().replace("[the name of the policy and its date]", "the code of conduct") + "\nBy hand."
    refused = await sent(browser, "notice_given", stage, {"letter": typed}, hidden(answer, "occasion"))
    assert refused.status_code == 422
    (fault,) = page_of(refused).select(".govuk-error-summary a[href='#letter']")
    assert fault.get_text() == (
        "Fill in what still stands in brackets, or take it out: [Who], [day] and [name and phone number]"
    )
    kept = page_of(refused).select_one("textarea#letter")
    assert kept is not None
    assert kept.get_text().split() == typed.split()
    assert "notice_given" not in await case.kinds()


async def test_a_letter_may_have_brackets_of_its_writers_own(begin: Begin, strong: Strong) -> None:
    case = await begin(process=DISCIPLINARY, at_risk="no")
    browser = await strong("helen")
    letter = "You wrote that [the pupil] was “cleverer then [sic] you”."
    assert (await recorded(browser, "notice_given", {"letter": letter})).status_code == 303
    assert "notice_given" in await case.kinds()


async def test_a_letter_is_recorded_as_it_was_edited_and_can_be_printed(begin: Begin, strong: Strong) -> None:
    case = await begin(process=DISCIPLINARY, at_risk="no")
    browser = await strong("helen")
    assert (await recorded(browser, "notice_given", {"letter": "Dear Ben,\n\nPlease come."})).status_code == 303
    entry = next(event for event in await case.events() if isinstance(event, NoticeGiven))
    assert entry.letter == "Dear Ben,\n\nPlease come."
    number = (await case.kinds()).index("notice_given") + 1
    link = page_of(await browser.get(HERE)).select_one(f"a[href='{HERE}/letter/{number}']")
    assert link is not None
    letter = page_of(await browser.get(f"{HERE}/letter/{number}")).select_one(".duly-letter")
    assert letter is not None
    assert letter.get_text() == "Dear Ben,\n\nPlease come."
    for place in ("letter/1", "letter/99", "letter/x", "recorded/99", "recorded/x"):
        assert (await browser.get(f"{HERE}/{place}")).status_code == 404


# Conduct, and back.


@pytest.mark.meets("ALLEG-01")
async def test_new_facts_hold_a_case_of_conduct_until_the_advice_about_them_is_claimed(
    begin: Begin, strong: Strong, running: Running
) -> None:
    case = await begin(process=DISCIPLINARY, at_risk="no")
    browser = await strong("helen")
    triage = {"at_risk": "no", "reason": "Only adults.", "name": "Helen Marsh"}
    assert (await recorded(browser, "triage_recorded", triage)).status_code == 303
    concern = {"topic": "n1", "what": "A pupil was there."}
    assert (await recorded(browser, "safeguarding_concern_raised", concern)).status_code == 303
    raised = next(event for event in await case.events() if isinstance(event, SafeguardingConcernRaised))
    assert (raised.allegation.key, raised.allegation.topic) == ("a2", "grooming")
    (reference,) = (await case.read()).opened
    refused = await sent(browser, "clearance_claimed", "review", {"case": reference}, "0" * 16)
    assert errors(refused) == {"case": "No advice that you may see lets this case go on under that reference"}
    assert (await recorded(browser, "lado_referral_made", REFERRAL, reference)).status_code == 303
    advice = {"giver": "Lou", "method": "phone", "advice": "employer_investigation", "note": "Yes.", **NOW}
    permitted: Typed = {**advice, "permits": ("open_disciplinary",)}
    assert (await recorded(browser, "lado_advice_recorded", permitted, reference)).status_code == 303
    assert (await recorded(browser, "clearance_claimed", {"case": reference.lower()})).status_code == 303
    await running.settled(case.opening.case)
    assert (await case.kinds())[-2:] == ["clearance_claimed", "case_cleared"]


async def test_a_moment_is_kept_as_it_was_typed(begin: Begin, strong: Strong, clock: Clock) -> None:
    case = await begin()
    browser = await strong("helen")
    typed = {"source": "call_log", "what": "A call.", "address": "07700 900123", **NOW}
    assert (await recorded(browser, "evidence_recorded", typed)).status_code == 303
    entry = next(event for event in await case.events() if isinstance(event, EvidenceRecorded))
    assert entry.happened_at == clock.now.replace(hour=9, minute=0)
