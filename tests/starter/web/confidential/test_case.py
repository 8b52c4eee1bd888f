"""The page of a confidential case: what is alleged, why it waits, what may be recorded, and all that happened."""

import pytest

from domain.allegations import Allegation, Category, Reporter, Subject
from store.tables import MailRow
from tests.builders import MONDAY
from tests.confidence import an_entry
from tests.matters import DISCIPLINARY
from tests.starter.web.confidential.conftest import HERE, Begin, Strong, text_of
from tests.starter.web.conftest import Browser, page_of

NAMED = Reporter(mode="confidential", person="amina", name="Amina Okafor", contact="07700 900123")
NUMBERS = (
    "Duly must never be the only route. If a child may be in danger, call at once: "
    "Police: 999, or 101 when nobody is in danger Local Authority Designated Officer: 01632 960001 "
    "Children's social care: 01632 960002"
)


async def html_of(browser: Browser, path: str = HERE) -> str:
    answer = await browser.get(path)
    assert answer.status_code == 200
    return answer.text


async def section(browser: Browser, heading: str) -> str:
    """Return the text of a section of the page of the case; empty where it has none."""
    text = " ".join(page_of(await browser.get(HERE)).get_text(" ").split())
    headings = [" ".join(one.get_text().split()) for one in page_of(await browser.get(HERE)).select("main h2")]
    if heading not in headings:
        return ""
    after = text.split(f" {heading} ", 1)[1]
    later = headings[headings.index(heading) + 1 :]
    return after.split(f" {later[0]} ")[0] if later else after


async def links(browser: Browser, path: str = HERE) -> set[str]:
    """Return what may be recorded by a link of the page."""
    found = page_of(await browser.get(path)).select(f"a[href^='{HERE}/record/']")
    return {str(one["href"]).rpartition("/")[2] for one in found}


@pytest.mark.meets("ALLEG-05", "ALLEG-06")
async def test_whom_to_call_comes_first_on_every_page(begin: Begin, strong: Strong) -> None:
    await begin()
    browser = await strong("helen")
    for path in ("", "/record/police_contacted", "/record/hearing_called", "/step-aside", "/recorded/1"):
        main = page_of(await browser.get(f"{HERE}{path}")).select_one("main")
        assert main is not None
        assert " ".join(main.get_text(" ").split()).startswith(NUMBERS)


@pytest.mark.meets("ALLEG-03", "ALLEG-04")
async def test_whoever_sees_to_it_reads_what_is_alleged_why_it_waits_and_what_to_do(
    begin: Begin, strong: Strong
) -> None:
    await begin(where="Online")
    browser = await strong("helen")
    reported = await section(browser, "What was reported")
    for words in ("Ben Carter, an employee", "Private messages to a pupil Wrote to a pupil.", "Where Online"):
        assert words in reported
    assert "This waits for the Headteacher as case manager" in await section(browser, "Why it is waiting")
    assert "Record the referral to the LADO" in await section(browser, "Do this now")
    gated = await section(browser, "Only after the LADO's advice")
    assert gated.count("Not yet. First, this has to be on record: the LADO's advice (Elmbrook 16.2).") == 5
    assert "investigation_started" not in await links(browser)
    assert {"police_contacted", "custody_recorded", "lado_referral_made"} <= await links(browser)


async def test_every_table_of_the_case_page_stands_in_rows_where_the_screen_is_narrow(
    begin: Begin, strong: Strong
) -> None:
    case = await begin()
    await case.record("helen", "custody_recorded", item="A black phone", place="The vault", key_holder="Helen")
    tables = page_of(await (await strong("helen")).get(HERE)).select("table")
    assert len(tables) == 3
    for table in tables:
        # Laid out as blocks it would be no table any more to whoever has it read out.
        assert "duly-history" in table["class"]
        assert table["role"] == "table"
        assert {one["role"] for one in table.select("td")} == {"cell"}
        assert {one["role"] for one in table.select("tr")} == {"row"}


async def test_what_is_done_and_what_comes_next_is_a_list_and_a_picture(begin: Begin, strong: Strong) -> None:
    case = await begin()
    await case.record("helen", "lado_referral_made")
    page = page_of(await (await strong("helen")).get(HERE))
    picture = page.select_one("svg desc")
    assert picture is not None
    told = "2. Refer it to the LADO: Done by Helen Marsh on 2 November 2026. 3. Record the LADO's advice: Waits"
    assert told in " ".join(picture.get_text().split())
    rows = [" ".join(row.get_text(" ").split()) for row in page.select(".duly-pictured tbody tr")]
    assert rows[1].startswith(
        "Refer it to the LADO Who: Case manager State: Done By: Helen Marsh When: Monday 2 November 2026"
    )


@pytest.mark.meets("ALLEG-07", "ALLEG-11")
async def test_who_reported_it_is_shown_to_whoever_sees_to_it_and_to_nobody_else(begin: Begin, strong: Strong) -> None:
    case = await begin(reporter=NAMED)
    await case.record("reporter", "message_written")
    managing = await section(await strong("helen"), "Who reported it")
    assert "Amina Okafor, 07700 900123. They asked that their name be kept in confidence" in managing
    told = await html_of(await strong("dana"))
    assert "Wrote to a pupil." in told
    assert "Please say more." in told
    for trace in ("Amina", "07700"):
        assert trace not in told
    assert not await section(await strong("dana"), "Who reported it")


@pytest.mark.meets("ALLEG-07")
async def test_of_whoever_gave_no_name_it_says_not_to_find_out(begin: Begin, strong: Strong) -> None:
    await begin()
    assert "Do not try to find out who it was" in await section(await strong("helen"), "Who reported it")


@pytest.mark.meets("ALLEG-19")
async def test_whoever_is_told_reads_and_records_nothing(begin: Begin, strong: Strong) -> None:
    await begin()
    browser = await strong("dana")
    assert "There is nothing that you need to do: you may read it." in await text_of(browser)
    assert not await links(browser)


@pytest.mark.meets("ALLEG-12", "ALLEG-13", "ALLEG-15", "ALLEG-17")
@pytest.mark.parametrize("images", ["yes", "unsure"])
async def test_where_indecent_images_may_be_involved_the_police_come_before_anything(
    begin: Begin, strong: Strong, images: str
) -> None:
    case = await begin(images=images)
    browser = await strong("helen")
    text = await text_of(browser)
    assert "Do not view, copy, print, share, store or save them" in text
    assert text.index("Call the police first") < text.index("Why it is waiting")
    allowed = {
        "police_contacted",
        "custody_recorded",
        "interim_safeguard_taken",
        "social_care_contacted",
        "lado_referral_made",
    }
    assert await links(browser) == allowed
    for method in (browser.get, browser.post):
        answer = await method(f"{HERE}/record/evidence_recorded")
        assert answer.status_code == 409
        assert "First the police" in answer.text
    assert "evidence_recorded" not in await case.kinds()
    await case.record("helen", "police_contacted", method="phone", spoke_to="PC Doe")
    assert "evidence_recorded" in await links(browser)
    assert "Do not view, copy" in await text_of(browser)


async def test_no_page_has_a_place_for_a_file(begin: Begin, strong: Strong) -> None:
    await begin(images="yes")
    browser = await strong("helen")
    for path in ("", "/record/custody_recorded", "/record/police_contacted"):
        page = page_of(await browser.get(f"{HERE}{path}"))
        assert not page.select("input[type=file], form[enctype]")


@pytest.mark.meets("ALLEG-03")
async def test_the_text_of_the_referral_can_be_copied(begin: Begin, strong: Strong) -> None:
    await begin(reporter=NAMED)
    area = page_of(await (await strong("helen")).get(HERE)).select_one("textarea#referral")
    assert area is not None
    assert area.has_attr("readonly")
    assert "Who sees to it there: Helen Marsh" in area.get_text()
    assert "Amina" not in area.get_text()
    assert "- Ben Carter (an employee)" in area.get_text()


async def test_all_that_happened_stands_in_a_table_with_what_was_written(begin: Begin, strong: Strong) -> None:
    case = await begin()
    await case.record(
        "helen", "custody_recorded", item="A black phone", place="The vault", key_holder="Helen", happened_at=MONDAY
    )
    await case.record("helen", "support_offered", to="subject", what="Counselling\nand a union", taken="not_yet")
    await case.record("helen", "investigation_started", investigator="Helen")
    browser = await strong("helen")
    happened = await section(browser, "What happened")
    assert "Helen Marsh recorded what was locked away: A black phone, in The vault; Helen has the key" in happened
    assert "It happened on Monday 2 November 2026 at 9:30am" in happened
    assert "What was offered?: Counselling and a union" in happened
    refused = (
        "Helen Marsh tried to record an internal investigation. It was refused, and did not happen (Elmbrook 16.2)"
    )
    assert refused in happened
    locked = "A black phone Where: The vault Who has the key: Helen Since: Monday"
    assert locked in await section(browser, "What is locked away")


async def test_messages_with_whoever_reported_it_are_read_and_written(begin: Begin, strong: Strong) -> None:
    case = await begin()
    await case.take("reporter", an_entry("message_written", text="It was on Friday."))
    await case.take("helen", an_entry("message_written", text="Thank you."))
    messages = await section(await strong("helen"), "Messages with whoever reported it")
    assert "Whoever reported it , Monday 2 November 2026 at 9:30am It was on Friday." in messages
    assert "Helen Marsh , Monday 2 November 2026 at 9:30am Thank you." in messages
    assert "message_written" in await links(await strong("helen"))


@pytest.mark.meets("ALLEG-10")
async def test_every_read_is_on_record(begin: Begin, strong: Strong) -> None:
    case = await begin()
    helen, dana = await strong("helen"), await strong("dana")
    await helen.get(HERE)
    await dana.get(HERE)
    await helen.get(f"{HERE}/record/police_contacted")
    assert sorted(await case.reads()) == [
        ("dana", "the page of the case"),
        ("helen", "the form: police_contacted"),
        ("helen", "the page of the case"),
    ]


async def test_cases_opened_out_of_it_are_linked_for_whoever_may_see_them(begin: Begin, strong: Strong) -> None:
    case = await begin(reporter=NAMED)
    await case.referred("open_disciplinary")
    await case.record("helen", "disciplinary_opened", subject="s1")
    (opened,) = (await case.read()).opened
    page = page_of(await (await strong("helen")).get(HERE))
    assert page.select(f"a[href='/c/{opened}']")
    other = await html_of(await strong("helen"), f"/c/{opened}")
    assert "A matter of conduct" in other
    assert "Amina" in other
    recused = await begin(case="c-9", reference="ABCD-2345")
    assert opened not in str(await recused.events())


async def test_a_case_of_conduct_offers_the_steps_of_its_procedure(begin: Begin, strong: Strong) -> None:
    await begin(process=DISCIPLINARY, at_risk="no")
    browser = await strong("helen")
    assert "Say whether a child could be at risk" in await section(browser, "Do this now")
    steps = await section(browser, "Other steps of the procedure")
    assert "Raise a new concern about a child" in steps
    assert "Record that an internal investigation began Not yet." in steps
    assert not await section(browser, "Only after the LADO's advice")
    assert not await section(browser, "Text for the referral")


async def test_what_a_mail_came_to_is_shown_and_whom_to_phone(begin: Begin, strong: Strong) -> None:
    case = await begin()
    browser = await strong("helen")
    assert "The mail is not yet delivered." in await section(browser, "Who sees to it")
    site = case.running.site
    mail = (await case.read()).kept.mails["helen"].id
    async with site.db.write() as session:
        row = await session.get_one(MailRow, mail)
        row.refused_at = site.clock()
    assert "The mail server refused the address" in await section(browser, "Who sees to it")


async def test_what_somebody_typed_is_shown_as_typed(begin: Begin, strong: Strong) -> None:
    await begin(
        subjects=(Subject(key="s1", name="<b>Ben</b>", category=Category.EMPLOYEE, person="ben"),),
        allegations=(Allegation(key="a1", subject="s1", topic="other", what="<script>alert(1)</script>"),),
    )
    html = await html_of(await strong("helen"))
    assert "<b>Ben</b>" not in html
    assert "<script>alert" not in html
    assert "&lt;script&gt;" in html
