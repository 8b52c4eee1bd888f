"""Many answers to one ask at once: one of them counts, and everybody else is told which."""

import asyncio
from collections import Counter

import pytest

from domain.events import Approved, Rejected, Returned
from store import queries
from tests.builders import BEN
from tests.starter.web.conftest import Browser
from tests.starter.web.running import Running, a_link, link_row, requested
from tests.starter.web.test_decide import confirm, review, text_of

ANSWERS = {
    "approve": {"decision": "approve", "comment": ""},
    "reject": {"decision": "reject", "comment": "Not this year."},
}


@pytest.mark.parametrize("first", ["approve", "reject"])
@pytest.mark.parametrize("behind", [False, True], ids=["the record keeps up", "the record is behind"])
async def test_of_fifty_answers_to_one_ask_at_once_one_counts_and_the_others_are_told_which(
    client: Browser, running: Running, first: str, behind: bool
) -> None:
    await requested(running)
    token = await a_link(running.site, BEN)
    await review(client, token)
    if behind:
        running.hold()
    sent = [first if number % 2 == 0 else next(iter(ANSWERS.keys() - {first})) for number in range(50)]
    answers = await asyncio.gather(*(confirm(client, token, **ANSWERS[verdict]) for verdict in sent))
    running.let_go()
    await running.settled("c-1")

    async with running.site.db.read() as session:
        history = await queries.history(session, running.site.keys, "c-1")
    (decided,) = [said.event for said in history if isinstance(said.event, Approved | Returned | Rejected)]
    counts = "approve" if isinstance(decided, Approved) else "reject"
    assert (decided.ask, decided.by, decided.comment) == ("a1", "ben", ANSWERS[counts]["comment"])
    told = Counter((verdict, answer.status_code) for verdict, answer in zip(sent, answers, strict=True))
    assert told == {(verdict, 303 if verdict == counts else 409): 25 for verdict in ANSWERS}
    for answer in answers:
        if answer.status_code == 303:
            assert answer.headers["Location"] == f"/d/{token}/receipt"
        else:
            assert f"Decision {'Approved' if counts == 'approve' else 'Rejected'} By Ben Carter" in text_of(answer)
    assert (await link_row(running.site, token)).status != "open"
