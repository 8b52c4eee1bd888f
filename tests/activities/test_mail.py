"""A mail is the same to whoever reads it, however it is written down, and nobody adds a header to it."""

from email import message_from_bytes
from email.policy import default

import pytest

from activities.mail import Smtp
from activities.writing import Letter
from domain.mails import MailContext
from tests.builders import BEN

SMTP = Smtp(host="127.0.0.1", port=25, tls="none", sender="duly@elmbrook.example")


def a_letter(link: str = "https://duly.example/sign-in", mail: str = "m1") -> Letter:
    context = MailContext(first_name="Bén", organisation="Elmbrook Zoë", link=link, code="428 913")
    return Letter(mail, BEN, "sign_in_code", context, thread="c-1")


def test_a_mail_is_read_as_it_was_written() -> None:
    letter = a_letter()
    message = message_from_bytes(SMTP.message(letter), policy=default)
    plain, html = message.iter_parts()
    assert (plain.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    assert plain.get_content().splitlines() == letter.text().text.splitlines()
    assert html.get_content().splitlines() == letter.text().html.splitlines()
    assert message["To"] == BEN.email
    assert message["Subject"] == letter.text().subject
    assert message["References"] == "<c-1@elmbrook.example>"


def test_a_mail_is_of_bytes_that_every_server_takes() -> None:
    lines = SMTP.message(a_letter(link=f"https://duly.example/{'a' * 2000}")).split(b"\r\n")
    assert all(line.isascii() and b"\n" not in line and len(line) < 998 for line in lines)


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_no_header_brings_another_with_it(end: str) -> None:
    with pytest.raises(ValueError, match="more than one line"):
        SMTP.message(a_letter(mail=f"m1{end}Bcc: everybody@elmbrook.example"))
