"""The mailbox of the demo: every mail as text, whatever it says of itself."""

import shutil
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest

from settings import Settings
from starter.web.mailbox import Piece, pieces
from tests.starter.web.conftest import BASE_URL, Browser, page_of


def a_mail(subject: str, text: str, html: str = "") -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "Duly <duly@duly.example>", "ben@elmbrook.example", subject
    mail.set_content(text)
    if html:
        mail.add_alternative(html, subtype="html")
    return mail


@pytest.fixture
def folder(settings: Settings) -> Iterator[Path]:
    """Yield the folder of caught mail, with two mails in it."""
    folder = settings.mailbox
    folder.mkdir()
    link = f"See {BASE_URL}/d/abc or https://elsewhere.example/d/abc"
    html = "<script>alert(1)</script><img src='https://elsewhere.example/x.png'><b>Bold</b>"
    (folder / "20261102T093000.000000Z-00000001.eml").write_bytes(a_mail("First", "Hello", "").as_bytes())
    (folder / "20261102T100000.000000Z-00000002.eml").write_bytes(a_mail("<b>Second</b>", link, html).as_bytes())
    yield folder
    shutil.rmtree(folder)


async def test_an_empty_mailbox_says_what_will_come(client: Browser) -> None:
    answer = await client.get("/mailbox")
    assert answer.status_code == 200
    assert "No mail yet" in answer.text


async def test_caught_mail_is_listed_newest_first(client: Browser, folder: Path) -> None:
    del folder
    rows = page_of(await client.get("/mailbox")).select(".duly-rows li")
    assert [row.a.get_text() if row.a else "" for row in rows] == ["<b>Second</b>", "First"]
    assert "To ben@elmbrook.example, Monday 2 November 2026 at 10am" in rows[0].get_text()


async def test_a_mail_is_text_and_only_addresses_of_this_site_are_links(client: Browser, folder: Path) -> None:
    del folder
    answer = await client.get("/mailbox/20261102T100000.000000Z-00000002")
    assert answer.status_code == 200
    page = page_of(answer)
    body = page.select_one("div.duly-mail")
    assert body is not None
    assert [(str(link["href"]), link.get_text()) for link in body.select("a")] == [("/d/abc", f"{BASE_URL}/d/abc")]
    assert "https://elsewhere.example/d/abc" in body.get_text()
    assert page.find("img") is None
    assert page.find("iframe") is None
    assert "<script>alert" not in answer.text
    source = page.select_one("pre")
    assert source is not None
    assert "<b>Bold</b>" in source.get_text()


@pytest.mark.parametrize("mail", ["20261102T093000.000000Z-00000009", "nothing", "..%2fkeys", "%2e%2e"])
async def test_a_mail_that_is_not_there_is_not_found(client: Browser, folder: Path, mail: str) -> None:
    del folder
    assert (await client.get(f"/mailbox/{mail}")).status_code == 404


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ()),
        ("No link.", (Piece("No link."),)),
        (
            f"a {BASE_URL}/tasks\nb",
            (Piece("a "), Piece(f"{BASE_URL}/tasks", "/tasks"), Piece("\nb")),
        ),
        (f"Go to {BASE_URL}/tasks. b", (Piece("Go to "), Piece(f"{BASE_URL}/tasks", "/tasks"), Piece(". b"))),
        (f"{BASE_URL}.evil.example/d", (Piece(f"{BASE_URL}.evil.example/d"),)),
        (f"{BASE_URL}//evil.example", (Piece(f"{BASE_URL}//evil.example"),)),
    ],
)
def test_text_is_cut_where_links_begin_and_end(text: str, expected: tuple[Piece, ...]) -> None:
    assert pieces(text, BASE_URL) == expected
