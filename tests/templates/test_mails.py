"""Mails: complete without their HTML, one link, no button that acts, and nothing that a title could break."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest
from bs4 import BeautifulSoup

from domain.mails import NEUTRAL, NOTICE_TEMPLATES, MailContext
from templates import RenderedMail, mail

NAMES: Final = sorted(
    folder.name for folder in (Path(__file__).parents[2] / "templates" / "email").iterdir() if folder.is_dir()
)
LINK: Final = "http://127.0.0.1:8000/d/AAAA"
CONTEXT: Final = MailContext(
    first_name="Ben",
    organisation="Elmbrook Learning Trust",
    link=LINK,
    school="Elmbrook Primary School",
    title="Science club page",
    reference="K7QM-4TXR",
    requester="Amina Okafor",
    deadline=datetime(2026, 7, 9, 22, 59, 59, tzinfo=UTC),
    why="This waits for the Line manager.",
    clause="Elmbrook 16.2",
    decision="The Line manager approved it on 3 November 2026",
    instead_of="Helen Marsh",
    reminder=True,
    titles=("Science club page", "Choir page"),
    code="ABCD2345",
)
BARE: Final = MailContext(
    first_name="Ben",
    organisation="Elmbrook Learning Trust",
    link=LINK,
    titles=("Choir page",),
    code="ABCD2345",
)


def rendered(name: str, context: MailContext = CONTEXT) -> RenderedMail:
    return mail(name, **dict(context))


def words(text: str) -> list[str]:
    return re.findall(r"[\w/:.-]*\w", text)


def body_of(html: str) -> BeautifulSoup:
    return BeautifulSoup(html, "html.parser")


def test_every_mail_that_a_case_or_a_page_sends_has_its_template() -> None:
    assert NAMES == [
        "address_changed",
        "advice_answered",
        "advice_asked",
        "ask",
        "changes",
        "coming_moved",
        "cover_lost",
        "date_coming",
        "digest",
        "disputed",
        "due_moved",
        "escalation",
        "held",
        "neutral",
        "outcome_approved",
        "outcome_cancelled",
        "outcome_rejected",
        "outcome_withdrawn",
        "power_proposed",
        "power_settled",
        "progress",
        "question_answered",
        "questioned",
        "receipt",
        "released",
        "reminder",
        "request_changed",
        "request_notice",
        "request_received",
        "review_overdue",
        "sign_in_changed",
        "sign_in_code",
        "site_changed",
        "site_closed",
        "stepped_aside",
        "unsigned",
        "vacant",
        "version_adopted",
    ]


def test_every_notice_that_a_pack_may_name_has_its_template() -> None:
    assert set(NAMES) >= set(NOTICE_TEMPLATES)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("context", [CONTEXT, BARE])
def test_every_template_renders_with_all_and_with_the_least_of_its_context(name: str, context: MailContext) -> None:
    made = rendered(name, context)
    assert made.subject
    assert "\n" not in made.subject
    assert "\n\n\n" not in made.text
    assert name == NEUTRAL or made.text.startswith("Hello Ben,\n")
    assert name == NEUTRAL or "Elmbrook Learning Trust" in made.text


@pytest.mark.parametrize("context", [CONTEXT, BARE])
def test_the_neutral_mail_says_the_same_whatever_it_is_about(context: MailContext) -> None:
    made = rendered(NEUTRAL, context)
    assert made.subject == "You have a task in Duly"
    assert made.text == f"Sign in to see it: {LINK}. If you were not expecting this, phone the school office.\n"


@pytest.mark.parametrize("name", NAMES)
def test_the_text_says_all_that_the_html_says_in_the_same_order(name: str) -> None:
    made = rendered(name)
    body = body_of(made.html).body
    assert body is not None
    assert words(made.text) == words(body.get_text(" "))


@pytest.mark.parametrize("name", NAMES)
def test_a_mail_has_one_link_and_nothing_that_acts_loads_or_tracks(name: str) -> None:
    made = rendered(name)
    html = body_of(made.html)
    assert [link["href"] for link in html.find_all("a")] == [LINK]
    assert not html.find_all(["img", "form", "button", "input", "script", "link", "iframe", "style"])
    assert made.text.count("http") == 1


@pytest.mark.parametrize("name", ["ask", "reminder"])
def test_an_ask_says_who_asks_until_when_under_which_clause_and_why_it_waits(name: str) -> None:
    text = rendered(name).text
    for said in ("Amina Okafor", "Thursday 9 July 2026", "Elmbrook 16.2", "This waits for the Line manager."):
        assert said in text
    assert "do not forward" in text


@pytest.mark.parametrize("name", [name for name in NAMES if name != "sign_in_code"])
@pytest.mark.parametrize(
    "title",
    [
        "Science\r\nBcc: everybody@example.org",
        "Science \u202egnp.exe\u2066 club",
        "S" * 500,
        "<script>alert(1)</script> & <b>club</b>",
        "{{ 7 * 7 }} {% raw %}",
    ],
)
def test_a_title_is_tamed(name: str, title: str) -> None:
    made = rendered(
        name,
        MailContext.model_validate(
            {**dict(CONTEXT), "title": title, "requester": title, "first_name": title, "titles": (title,)}
        ),
    )
    assert "\n" not in made.subject
    assert len(made.subject) <= 120
    assert not set("\r\u202e\u2066") & {*made.text, *made.html, *made.subject}
    assert "\nBcc:" not in made.text
    assert "S" * 81 not in made.text + made.html
    assert "<script" not in made.html
    assert "49" not in made.subject


@pytest.mark.parametrize("name", ["ask", "reminder", "escalation"])
def test_a_deputy_is_told_in_whose_place_they_are_asked(name: str) -> None:
    assert "in place of Helen Marsh" in rendered(name).text
    assert "in place of" not in rendered(name, BARE).text


def test_the_author_is_told_why_the_request_came_back_and_a_reminder_says_that_it_is_one() -> None:
    assert CONTEXT.decision in rendered("changes").text
    assert rendered("changes").subject == "Reminder: please change your request: Science club page"
    assert rendered("changes", BARE).subject.startswith("Please change")


def test_a_digest_names_every_request_once_and_by_its_title_alone() -> None:
    text = rendered("digest").text
    assert "- Science club page\n- Choir page\n" in text
    assert "Amina Okafor" not in text


def test_the_code_is_in_its_own_mail_and_never_in_its_subject() -> None:
    assert "ABCD2345" in rendered("sign_in_code").text
    assert "ABCD2345" not in rendered("sign_in_code").subject
    assert all("ABCD2345" not in rendered(name).text for name in NAMES if name != "sign_in_code")


def test_no_mail_can_carry_what_somebody_wrote_beside_the_title() -> None:
    assert not {"comment", "answers", "signature"} & set(MailContext.model_fields)
