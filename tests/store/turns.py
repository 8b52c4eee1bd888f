"""What a case says in its first turns, as its workflow would hand it over."""

from datetime import datetime, timedelta

from domain.cases import Batch, MailOrder, Standing
from domain.events import AnyEvent, Approved, AskClosed, AskOpened, CaseEnded, Recorded, RequestSubmitted, Signature
from domain.people import Asked
from store import people
from store.database import Database
from store.keys import CaseKeys
from store.records import Written, write_batch
from tests.builders import ANSWERS, MONDAY, PEOPLE, an_ask, an_opening

SUBMITTED = RequestSubmitted(by="amina", author="amina", version=1, answers=ANSWERS)
REACHED = {"a1": (Asked(person="ben", seat="line_manager"),), "a2": (Asked(person="helen", seat="headteacher"),)}
"""Whom the asks of these turns reach."""


def ask_opened(ask: str = "a1", seat: str = "line_manager", *stand_in: str, **more: object) -> AskOpened:
    """Return that `seat` was asked, and after it those that stand in."""
    due = MONDAY + timedelta(days=7)
    said = {"ask": ask, "step": seat, "seat": seat, "ladder": (seat, *stand_in), "due": due, "version": 1}
    return AskOpened.model_validate({**said, **more})


def approved(ask: str = "a1", step: str = "line_manager", by: str = "ben", **more: object) -> Approved:
    """Return that `by` approved by the link of a mail."""
    said = {"ask": ask, "step": step, "seat": step, "by": by, "how": "link", "version": 1, "opened_at": MONDAY}
    signature = Signature(name=by.title(), attestation="I approve the proposed site.")
    return Approved.model_validate({**said, "signature": signature, **more})


def a_turn(first: int, *events: AnyEvent, case: str = "c-1", at: datetime = MONDAY, **more: object) -> Batch:
    """Return the batch of `events`, the first of them the case's `first`."""
    recorded = tuple(Recorded(n=n, at=at, event=event) for n, event in enumerate(events, first))
    return Batch.model_validate({"case": case, "events": recorded, "standing": Standing(), **more})


def the_first_turn(case: str = "c-1", reference: str = "K7QM-4TXR", **more: object) -> Batch:
    """Return the turn in which Amina's request came, and Ben was asked."""
    mails = (
        MailOrder(template="request_received", about=1, to=("author", "starter")),
        MailOrder(template="ask", about=2, ask="a1"),
    )
    whole = {"opening": an_opening(case, reference), "standing": Standing(asks=(an_ask(),)), "mails": mails, **more}
    return a_turn(1, SUBMITTED, ask_opened(named="ben"), case=case).model_copy(update=whole)


def the_second_turn(case: str = "c-1") -> Batch:
    """Return the turn in which Ben approved, and Helen was asked."""
    events = approved(), ask_opened("a2", "headteacher", "deputy_head")
    return a_turn(3, *events, case=case, at=MONDAY + timedelta(hours=1), standing=Standing(asks=(an_ask("a2"),)))


def the_last_turn(case: str = "c-1") -> Batch:
    """Return the turn in which nobody had answered, and the case ended."""
    events = AskClosed(ask="a2", step="headteacher", why="lapsed"), CaseEnded(outcome="lapsed")
    return a_turn(5, *events, case=case, at=MONDAY + timedelta(days=30), standing=Standing(outcome="lapsed"))


def on_record(*turns: Batch) -> tuple[Recorded, ...]:
    """Return the events of `turns` as they are read back: it is known then whom each ask reached."""
    return tuple(
        said.model_copy(update={"event": said.event.model_copy(update={"asked": REACHED[said.event.ask]})})
        if isinstance(said.event, AskOpened)
        else said
        for turn in turns
        for said in turn.events
    )


async def put(database: Database, keys: CaseKeys, *turns: Batch) -> list[Written]:
    """Put `turns` on record, each in a transaction of its own, and return what came of them."""
    written = []
    for turn in turns:
        async with database.write() as session:
            await people.save(session, PEOPLE)
            await keys.create(session, turn.case)
            written.append(await write_batch(session, keys, turn, MONDAY))
    return written
