"""Asking the school something: from the start page, from where one signs; the answer is on record and mailed."""

from dataclasses import replace
from typing import Final

import pytest
from httpx2 import Response

from domain.forms import Form
from domain.pack import Process
from domain.round_entries import QuestionAnswered
from starter.web.site import Site
from store import packs, queries
from tests.builders import ORGANISATION
from tests.starter.web.conftest import Browser, SignedIn, page_of
from tests.starter.web.papers import PAPERS, a_link_to_sign, asked_to_sign, events_of, taken_on
from tests.starter.web.running import Running, a_link

ADA: Final = "ada@elmbrook.example"
AMINA: Final = "amina@elmbrook.example"
BEN: Final = "ben@elmbrook.example"
HELEN: Final = "helen@elmbrook.example"
TITLE: Final = "Ask the school for guidance"
ASKED: Final = "Who can see what I post?"
ANSWER: Final = "Only your friends, once you have set it so. Come and see me."

QUESTION: Final = Process.model_validate(
    {
        "key": "guidance",
        "story": "question",
        "title": TITLE,
        "summary": "Ask when you are unsure.",
        "form": "guidance",
        "may_start": ["employee"],
        "clause": "c16-6",
        "tasks": [
            {
                "key": "answer",
                "title": "Answer the question",
                "seat": "headteacher",
                "done_by": {"event": "question_answered"},
                "answer_within": 5,
                "clause": "c16-6",
            }
        ],
        "notices": [{"on": "question_answered", "to": ["starter"], "template": "question_answered"}],
    }
)
FORM: Final = Form.model_validate(
    {
        "key": "guidance",
        "title": "A question",
        "source": "16.6",
        "site_title": "topic",
        "sections": [
            {
                "key": "question",
                "title": "Your question",
                "fields": [
                    {"key": "topic", "type": "short_text", "label": "What is it about?", "required": True},
                    {"key": "question", "type": "long_text", "label": "What do you want to know?", "required": True},
                ],
            }
        ],
    }
)
ASKING: Final = PAPERS.model_copy(update={"processes": (*PAPERS.processes, QUESTION), "forms": (*PAPERS.forms, FORM)})


@pytest.fixture
async def site(site: Site) -> Site:
    async with site.db.write() as session:
        await packs.keep(session, ASKING)
    return replace(site, packs={**site.packs, ORGANISATION: ASKING})


def text_of(answer: Response) -> str:
    main = page_of(answer).select_one("main")
    assert main is not None
    return " ".join(main.get_text(" ").split())


async def ask(browser: Browser) -> str:
    """Have whoever sits at `browser` ask; return the reference of the question."""
    begun = await browser.get("/")
    assert TITLE in text_of(begun)
    shown = await browser.get("/start/guidance")
    assert "Who answers Headteacher answers, by e-mail and on record, within 5 working days" in text_of(shown)
    assert "No question ends by silence" in text_of(shown)
    draft = (await browser.post("/start/guidance")).headers["Location"]
    typed = {"topic": "Privacy settings", "question": ASKED}
    await browser.get(f"{draft}/question")
    await browser.post(f"{draft}/question", typed)
    check = page_of(await browser.get(f"{draft}/check"))
    read = check.select_one("[name=read]")
    fields = {"read": str(read["value"])} if read is not None else {}
    done = await browser.post(f"{draft}/check", fields)
    text = text_of(await browser.get(done.headers["Location"]))
    assert "Question sent" in text
    assert "Your question goes to: Headteacher" in text
    assert "once it is answered" in text
    reference = page_of(await browser.get(done.headers["Location"])).select_one("main a[href^='/cases/']")
    assert reference is not None
    return str(reference["href"]).rpartition("/")[2]


async def answers(browser: Browser, path: str, action: str, **more: str) -> Response:
    """Answer the question at `path`, checked and put on record."""
    occasion = page_of(await browser.get(path)).select_one("[name=occasion]")
    assert occasion is not None
    told = {"occasion": str(occasion["value"]), "answer": ANSWER, **more}
    check = await browser.post(action, {**told, "stage": "review"})
    assert ANSWER in text_of(check)
    return await browser.post(action, {**told, "stage": "confirm"})


@pytest.mark.meets("ACK-03", "ACK-17")
async def test_a_question_is_asked_from_the_start_page_and_its_answer_is_on_record_and_mailed(
    site: Site, running: Running, signed_in: SignedIn, client: Browser
) -> None:
    amina = await signed_in(AMINA)
    reference = await ask(amina)
    async with site.db.read() as session:
        row = await queries.case_by_reference(session, reference)
    assert row is not None
    waiting = text_of(await amina.get(f"/cases/{reference}"))
    assert "This waits for the Headteacher" in waiting
    assert "for “Answer the question”" in waiting
    assert ASKED in waiting
    assert (await (await signed_in(BEN)).get(f"/cases/{reference}")).status_code == 404
    token = await a_link(site, "helen", case=row.id)
    shown = text_of(await client.get(f"/d/{token}"))
    assert "What Amina Okafor asks" in shown
    assert ASKED in shown
    done = await answers(client, f"/d/{token}", "/d", token=token)
    assert "It is on record" in text_of(await client.get(done.headers["Location"]))
    [answered] = [one for one in await events_of(site, row.id) if isinstance(one, QuestionAnswered)]
    assert (answered.by, answered.answer) == ("helen", ANSWER)
    text = text_of(await amina.get(f"/cases/{reference}"))
    assert f"Helen Marsh answered: {ANSWER}" in text
    assert "it was answered on 2 November 2026" in text
    async with site.db.read() as session:
        mails = [mail for mail in await queries.mails_of(session, row.id) if mail.template == "question_answered"]
    assert [mail.person for mail in mails] == ["amina"]


@pytest.mark.meets("ACK-17")
async def test_whoever_signs_is_told_where_to_ask_and_has_to_sign_in_for_it(
    site: Site, running: Running, signed_in: SignedIn, client: Browser
) -> None:
    await taken_on(site, running, "code")
    await asked_to_sign(await signed_in(ADA))
    page = await client.get(f"/d/{await a_link_to_sign(site, 'amina')}")
    [link] = page_of(page).select("main a[href='/start/guidance']")
    assert link.get_text() == TITLE
    assert "you will be asked to sign in" in text_of(page)
    assert (await client.get("/start/guidance")).status_code == 303


async def test_an_answer_is_not_empty(site: Site, running: Running, signed_in: SignedIn) -> None:
    reference = await ask(await signed_in(AMINA))
    helen = await signed_in(HELEN)
    path = f"/tasks/{reference}/a1"
    occasion = page_of(await helen.get(path)).select_one("[name=occasion]")
    assert occasion is not None
    empty = await helen.post(path, {"occasion": str(occasion["value"]), "answer": " ", "stage": "review"})
    assert empty.status_code == 422
    assert (await helen.get(f"/cases/{reference}/record/question_answered")).status_code == 404
