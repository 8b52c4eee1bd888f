"""What the mails of a case say once it goes back, is changed and is disputed, and where their one link leads."""

from email.message import EmailMessage

from domain.cases import Act
from domain.events import Verdict
from domain.pack import Changes
from domain.people import Directory
from store import links
from tests.house import BASE_URL, Begun, House
from tests.stories import a_directory, a_person, a_process, a_step, an_answer, an_opening

TITLE = "Year 9 Science Club"
PROCESS = a_process(
    a_step("line_manager"), a_step("headteacher"), changes=Changes(back_to="line_manager", remind_on=(1,), clause="1")
)


async def begun(home: House, key: str) -> Begun:
    home.outbox.messages.clear()
    directory = Directory(people=(*a_directory().people, a_person("ada", administrator=True)))
    case = await home.begin(an_opening(PROCESS, key=key), directory)
    await case.settled()
    return case


def mail(home: House, person: str, subject: str) -> EmailMessage:
    (found,) = [one for one in home.outbox.to(f"{person}@elms.example") if one["Subject"] == subject]
    return found


def words(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def link_in(message: EmailMessage) -> str:
    (link,) = [word for word in words(message).split() if word.startswith(BASE_URL)]
    return link.removeprefix(BASE_URL)


async def act(case: Begun, what: Act) -> None:
    assert (await case.house.engine.act(case.opening.case, what)).says == "done"
    await case.settled()


async def test_a_returned_request_is_changed_and_everybody_hears_what_that_means(at_home: House) -> None:
    case = await begun(at_home, "back-and-forth")
    await act(case, an_answer("a1", "manager"))
    await act(case, an_answer("a2", "head", Verdict.RETURN, comment="MARKER"))
    asked = mail(at_home, "author", f"Please change your request: {TITLE}")
    assert "The Headteacher returned it for changes on" in words(asked)
    assert "MARKER" not in words(asked)
    assert link_in(asked) == f"/cases/{case.opening.reference}/edit"
    request = case.opening.request
    new = request.model_copy(update={"title": "Year 9 Chess Club", "answers": request.answers | {"title": "Chess"}})
    await act(case, Act(kind="edit", person="author", how="session", version=1, request=new))
    changed = words(mail(at_home, "manager", "The request was changed: Year 9 Chess Club"))
    assert "every approval is void" in changed
    again = mail(at_home, "manager", "Please decide: Year 9 Chess Club")
    assert again["References"] == asked["References"]
    async with at_home.db.read() as session:
        link = await links.find(session, link_in(again).removeprefix("/d/"))
    assert link is not None
    assert link.version == 2


async def test_a_receipt_leads_to_where_its_reader_can_say_that_it_was_not_them(at_home: House) -> None:
    case = await begun(at_home, "not-me")
    await act(case, an_answer("a1", "manager"))
    receipt = mail(at_home, "manager", f"Your answer was recorded: {TITLE}")
    assert "You approved it as Line manager on" in words(receipt)
    assert "for the step “Line manager”" in words(receipt)
    async with at_home.db.read() as session:
        link = await links.find(session, link_in(receipt).removeprefix("/dispute/"), "dispute")
    assert link is not None
    assert (link.person, link.ask, link.purpose) == ("manager", "a1", "dispute")
    await act(case, Act(kind="dispute", person="manager", how="link", ask="a1"))
    told = mail(at_home, "ada", f"An answer is disputed: {TITLE}")
    assert "was not theirs" in words(told)
    assert link_in(told) == f"/cases/{case.opening.reference}"
    assert at_home.outbox.subjects("head@elms.example")[-1] == f"Held: {TITLE}"
    stands = Act(kind="release", person="ada", how="session", ask="a1", stands=True, comment="He remembers.")
    await act(case, stands)
    assert "stands" in words(mail(at_home, "manager", f"No longer held: {TITLE}"))


async def test_a_cancelled_request_tells_its_author_and_those_who_decided(at_home: House) -> None:
    case = await begun(at_home, "cancelled")
    await act(case, an_answer("a1", "manager"))
    await act(case, Act(kind="cancel", person="ada", how="session", comment="MARKER"))
    for person in ("author", "manager"):
        text = words(mail(at_home, person, f"Cancelled: {TITLE}"))
        assert "An administrator cancelled it on" in text
        assert "MARKER" not in text
