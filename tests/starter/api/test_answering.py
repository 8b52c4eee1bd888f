"""Answering with a token: read first, signed, one answer counts; and not where a link in a mail would not do."""

from typing import Any

import pytest
from httpx2 import Response

from domain.cases import Act
from domain.events import Approved, Confirmed, Verdict
from domain.pack import Changes
from starter.web.site import Site
from store import links, packs, people, queries
from tests.builders import AMINA, ANSWERS, BEN, HEADTEACHER, HELEN, LINE_MANAGER, PACK, PROCESS, an_opening
from tests.starter.api.conftest import AProgram, Program
from tests.starter.web.conftest import RememberedCases
from tests.starter.web.running import Running, answered, requested

SIGNED = {"version": 1, "verdict": "approve", "signature": "Ben Carter"}


async def review(program: Program, ask: str = "a1") -> Response:
    return await program.post(f"/cases/K7QM-4TXR/asks/{ask}/review")


async def answer(program: Program, ask: str = "a1", **more: Any) -> Response:
    return await program.post(f"/cases/K7QM-4TXR/asks/{ask}/answer", {**SIGNED, **more})


def why(refused: Response) -> tuple[int, str]:
    return refused.status_code, refused.json()["type"].removeprefix("urn:duly:")


async def approvals(site: Site) -> list[Approved]:
    async with site.db.read() as session:
        history = await queries.history(session, site.keys, "c-1")
    return [said.event for said in history if isinstance(said.event, Approved)]


@pytest.fixture
async def ben(program: AProgram, running: Running) -> Program:
    """Return a program of Ben's, who is asked."""
    await requested(running)
    return await program(BEN.email)


async def test_an_answer_is_taken_with_what_was_read_and_how_it_came(ben: Program, running: Running) -> None:
    shown = (await review(ben)).json()
    assert (shown["version"], shown["verdicts"], shown["title"]) == (1, ["approve", "reject"], "Science club page")
    assert shown["attestation"] == LINE_MANAGER.attestation
    assert shown["sections"][0]["answers"]
    done = await answer(ben, comment="  Good. ")
    assert (done.status_code, done.json()) == (
        200,
        {"reference": "K7QM-4TXR", "ask": "a1", "version": 1, "verdict": "approve"},
    )
    [approved] = await approvals(running.site)
    assert (approved.by, approved.how, approved.comment) == ("ben", "token", "Good.")
    assert (approved.signature.name, approved.signature.attestation) == ("Ben Carter", LINE_MANAGER.attestation)


async def test_nobody_answers_what_they_were_not_shown(ben: Program, running: Running) -> None:
    assert why(await answer(ben)) == (409, "not-reviewed")
    assert running.acts == []
    async with running.site.db.read() as session:
        assert await links.opened_at(session, "c-1", 1, "ben") is None


async def test_the_same_answer_again_is_one_answer_and_another_one_is_refused(ben: Program, running: Running) -> None:
    await review(ben)
    first, again = await answer(ben), await answer(ben)
    assert (again.status_code, again.content) == (200, first.content)
    assert len(await approvals(running.site)) == 1
    other = await answer(ben, verdict="reject", comment="No.")
    assert why(other) == (409, "already-decided")
    assert other.json()["detail"] == "It was answered already: approve"


async def test_two_at_once_are_one_answer(ben: Program, running: Running) -> None:
    await review(ben)
    running.hold()
    first, again = await answer(ben), await answer(ben)
    assert (first.status_code, again.status_code) == (200, 200)
    running.let_go()
    await running.settled("c-1")
    assert len(await approvals(running.site)) == 1


@pytest.mark.parametrize(
    ("sent", "fields"),
    [
        ({"signature": " "}, {"signature"}),
        ({"verdict": "reject"}, {"comment"}),
        ({"verdict": "reject", "signature": ""}, {"comment", "signature"}),
        ({"verdict": "return", "comment": "Again."}, {"verdict"}),
        ({"verdict": "perhaps"}, {"verdict"}),
        ({"signature": "Ben\x00"}, {"signature"}),
        ({"comment": "x" * 4001}, {"comment"}),
        ({"confirmations": ["resources"]}, {"confirmations"}),
        ({"version": "1"}, {"version"}),
        ({"person": "helen"}, {"person"}),
    ],
)
async def test_what_is_incomplete_is_refused_with_everything_at_once(
    ben: Program, running: Running, sent: dict[str, Any], fields: set[str]
) -> None:
    await review(ben)
    refused = await answer(ben, **sent)
    assert refused.status_code == 422
    assert {fault["field"] for fault in refused.json()["faults"]} == fields
    assert running.acts == []


async def test_an_approval_confirms_what_the_step_asks_for(program: AProgram, running: Running) -> None:
    await requested(running)
    await answered(running, "ben", "a1")
    helen = await program(HELEN.email)
    shown = (await review(helen, "a2")).json()
    assert [one["key"] for one in shown["confirmations"]] == ["resources"]
    refused = await answer(helen, "a2", signature="Helen Marsh")
    assert [fault["field"] for fault in refused.json()["faults"]] == ["confirmations"]
    assert (await answer(helen, "a2", signature="Helen Marsh", confirmations=["resources"])).status_code == 200
    async with running.site.db.read() as session:
        history = await queries.history(session, running.site.keys, "c-1")
    assert any(isinstance(said.event, Confirmed) for said in history)


async def test_a_step_that_asks_for_a_sign_in_is_not_answered_with_a_token(program: AProgram, running: Running) -> None:
    strict = PROCESS.model_copy(update={"steps": (LINE_MANAGER.model_copy(update={"sign_in": True}), HEADTEACHER)})
    async with running.site.db.write() as session:
        digest = await packs.keep(session, PACK)
    await running.begin(an_opening().model_copy(update={"pack_digest": digest, "process": strict}))
    ben = await program(BEN.email)
    assert why(await review(ben)) == why(await answer(ben)) == (403, "sign-in")
    assert (await ben.get("/cases/K7QM-4TXR")).json()["asks"][0]["you_answer"] == "signed_in"
    # And if a program said so all the same, the case would not take it.
    act = Act(kind="answer", person="ben", how="token", ask="a1", version=1, verdict=Verdict.APPROVE, signature="Ben")
    assert (await running.act("c-1", act)).says == "sign_in"


async def test_a_request_that_changed_has_to_be_reviewed_again(program: AProgram, running: Running) -> None:
    async with running.site.db.write() as session:
        digest = await packs.keep(session, PACK)
    process = PROCESS.model_copy(update={"changes": Changes(back_to="line_manager", clause="c16-2")})
    opening = an_opening().model_copy(update={"pack_digest": digest, "process": process})
    await running.begin(opening)
    ben = await program(BEN.email)
    await review(ben)
    changed = opening.request.model_copy(update={"answers": {**ANSWERS, "aims": "Something else."}})
    await running.act("c-1", Act(kind="edit", person="amina", how="session", version=1, request=changed))
    await running.settled("c-1")
    assert why(await answer(ben)) == (409, "changed")
    shown = (await review(ben, "a2")).json()
    assert shown["version"] == 2
    assert why(await answer(ben, "a2")) == (409, "changed")
    assert (await answer(ben, "a2", version=2)).status_code == 200


async def withdrawn_meanwhile(running: Running) -> None:
    """Have Amina withdraw her request, while the record is behind."""
    await running.act("c-1", Act(kind="withdraw", person="amina", how="session"))


async def test_where_no_answer_is_needed_any_more_none_is_taken(ben: Program, running: Running) -> None:
    await review(ben)
    running.hold()
    await withdrawn_meanwhile(running)
    assert why(await answer(ben)) == (409, "closed")
    running.let_go()
    await running.settled("c-1")
    # Then it is not Ben's to see any more.
    assert why(await answer(ben)) == why(await review(ben)) == (404, "about:blank")


@pytest.mark.parametrize("person", [AMINA, HELEN])
async def test_nobody_answers_what_others_are_asked(program: AProgram, running: Running, person: Any) -> None:
    await requested(running)
    theirs = await program(person.email)
    assert (await review(theirs)).status_code == 404
    assert (await answer(theirs)).status_code == 404
    assert running.acts == []


async def test_an_outage_is_said_and_the_same_may_be_sent_again(
    ben: Program, running: Running, cases: RememberedCases
) -> None:
    del cases
    await review(ben)
    running.lost = True
    assert why(await answer(ben)) == (503, "not-recorded")
    running.lost = False
    assert (await answer(ben)).status_code == 200


async def test_whoever_left_while_asked_answers_nothing(ben: Program, running: Running) -> None:
    await review(ben)
    left = BEN.model_copy(update={"leaves_on": running.site.today.replace(day=1)})
    async with running.site.db.write() as session:
        await people.save(session, (left,))
    assert (await answer(ben)).status_code == 401


async def test_whoever_lost_the_seat_answers_nothing_though_nobody_looked_yet(
    program: AProgram, running: Running
) -> None:
    await requested(running)
    await answered(running, "ben", "a1")
    helen = await program(HELEN.email)
    await review(helen, "a2")
    async with running.site.db.write() as session:
        await people.save(session, (HELEN.model_copy(update={"holdings": ()}),))
    signed = {"signature": "Helen Marsh", "confirmations": ["resources"]}
    assert why(await review(helen, "a2")) == why(await answer(helen, "a2", **signed)) == (409, "moved")
    assert (await helen.get("/cases/K7QM-4TXR")).json()["asks"][0]["you_answer"] == "no"
    assert len(await approvals(running.site)) == 1
