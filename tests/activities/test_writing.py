"""What mails say of an answer that somebody disputes: it is true in whatever state the case is by then."""

from typing import Final

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from activities.writing import CaseFile, Writer
from domain.cases import Act
from domain.events import AnyEvent, DecisionDisputed, HoldReleased
from store.tables import MailRow
from templates import RenderedMail
from tests.stories import BEGINS, a_changes, a_directory, a_lever, a_pack, a_person, a_process, an_answer, an_opening
from workflows.explorer import play
from workflows.site_creation import SiteCreation

OPENING: Final = an_opening(a_process(changes=a_changes()))
PEOPLE: Final = a_directory(a_person("admin", administrator=True))
APPROVED: Final = (an_answer("a1", "manager"), an_answer("a2", "comms"))
WITHDRAW: Final = Act(kind="withdraw", person="author", how="session")


def disputed(ask: str, person: str) -> Act:
    """Return that `person` says that the answer to `ask` was not theirs."""
    return Act(kind="dispute", person=person, how="link", ask=ask)


BOTH: Final = (disputed("a1", "manager"), disputed("a2", "comms"))
STANDS: Final = a_lever("release", ask="a1", stands=True)
VOID: Final = a_lever("release", ask="a1", stands=False)


async def written(template: str, about: type[AnyEvent], *moves: Act, person: str = "author") -> RenderedMail | None:
    """Return the mail about the first event of a kind, as it is written once all `moves` were made."""
    played = play(SiteCreation(), OPENING, PEOPLE, BEGINS, moves)
    assert {reply.says for reply in played.replies} == {"done"}
    said = next(one for one in played.events if isinstance(one.event, about))
    row = MailRow(
        id="m1", case=OPENING.case, person=person, template=template, about=said.n, ask=None, queued_at=said.at
    )
    file = CaseFile(OPENING, a_pack(), played.standing, played.asked, PEOPLE)
    letter = await Writer("https://duly.example").of_case(AsyncSession(), row, file, said, played.now)
    return letter.text() if letter is not None else None


@pytest.mark.parametrize("settled", [STANDS, VOID], ids=["stands", "void"])
async def test_nobody_is_told_that_a_request_goes_on_while_another_answer_holds_it(settled: Act) -> None:
    mail = await written("released", HoldReleased, *APPROVED, *BOTH, settled)
    assert mail is not None
    assert mail.subject == "Still held: Year 9 Science Club"
    assert "goes on. Days" not in mail.text
    assert "another answer to it is disputed" in mail.text


@pytest.mark.parametrize("settled", [STANDS, VOID], ids=["stands", "void"])
async def test_once_the_last_disputed_answer_is_settled_the_request_goes_on(settled: Act) -> None:
    mail = await written("released", HoldReleased, *APPROVED, BOTH[0], settled)
    assert mail is not None
    assert mail.subject == "No longer held: Year 9 Science Club"
    assert "goes on. Days" in mail.text
    assert "another answer" not in mail.text


async def test_what_is_settled_of_a_request_that_is_over_says_what_is_left_to_settle() -> None:
    alone = await written("released", HoldReleased, *APPROVED, BOTH[0], STANDS, WITHDRAW)
    of_two = await written("released", HoldReleased, *APPROVED, *BOTH, STANDS, WITHDRAW)
    assert alone is not None
    assert of_two is not None
    assert alone.subject == of_two.subject == "Settled: Year 9 Science Club"
    assert "another answer" not in alone.text
    assert "is over, and stays so" in of_two.text
    assert "another answer to it is disputed" in of_two.text


async def test_a_request_that_is_over_is_not_called_held_however_late_that_mail_is() -> None:
    held = await written("held", DecisionDisputed, *APPROVED, BOTH[0])
    late = await written("held", DecisionDisputed, *APPROVED, BOTH[0], WITHDRAW)
    assert held is not None
    assert held.subject == "Held: Year 9 Science Club"
    assert "no deadline runs" in held.text
    assert late is None


@pytest.mark.parametrize(("template", "person"), [("disputed", "admin"), ("held", "author")])
async def test_nobody_is_told_of_a_dispute_that_is_settled_while_another_is_not(template: str, person: str) -> None:
    assert await written(template, DecisionDisputed, *APPROVED, *BOTH, person=person) is not None
    assert await written(template, DecisionDisputed, *APPROVED, *BOTH, STANDS, person=person) is None


async def test_administrators_are_told_of_a_dispute_of_a_request_that_is_over() -> None:
    mail = await written("disputed", DecisionDisputed, *APPROVED, BOTH[0], WITHDRAW, person="admin")
    assert mail is not None
    assert "The request is over" in mail.text
    assert "is held" not in mail.text
