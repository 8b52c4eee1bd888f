"""The text of every mail of a case is made again without its link, whatever has changed since."""

import json
from pathlib import Path

import pytest

import templates
from domain.evidence import LINK, text_digest
from domain.mails import MailContext
from templates import mail, mail_again, mail_source
from tests.builders import MONDAY

EMAIL = Path(templates.__file__).parent / "email"
NAMES = sorted(folder.name for folder in EMAIL.iterdir() if folder.is_dir())
CONTEXT = MailContext(
    first_name="Ben",
    organisation="Elmbrook Learning Trust",
    link="http://127.0.0.1:8000/d/not-a-real-token",
    school="Elmbrook Primary School",
    title="Tea & <cakes>",
    reference="K7QM-4TXR",
    requester="Amina Okafor",
    deadline=MONDAY,
    why="It waits for the Line manager.",
    clause="Elmbrook 16.2",
    decision="You approved it",
    instead_of="Dev Patel",
    titles=("One", "Two"),
    code="ABCD2345",
)


@pytest.mark.parametrize("name", NAMES)
def test_a_mail_made_again_is_the_one_that_was_sent_less_its_link(name: str) -> None:
    sent = mail(name, **CONTEXT.model_dump())
    digest = text_digest(*(part.replace(CONTEXT.link, LINK) for part in (sent.subject, sent.text, sent.html)))
    kept = json.loads(json.dumps(CONTEXT.model_dump(mode="json", exclude={"link"})))
    context = MailContext.model_validate({**kept, "link": LINK}).model_dump()
    again = mail_again(name, mail_source(name)[1], **context)
    assert text_digest(again.subject, again.text, again.html) == digest
    assert CONTEXT.link not in again.text + again.html


def test_a_template_that_has_changed_since_makes_the_mail_as_it_was() -> None:
    digest, source = mail_source("ask")
    files = json.loads(source)
    files["email/ask/subject.txt"] = "As it once was: {{ title }}"
    assert mail_again("ask", json.dumps(files), **CONTEXT.model_dump()).subject == "As it once was: Tea & <cakes>"
    assert mail_source("ask")[0] == digest != mail_source("receipt")[0]
