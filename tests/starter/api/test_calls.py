"""The door for programs: a token in the header and nothing else, for its purposes, while its person is there."""

import json
import logging
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlmodel import col

from domain.interface import SCOPES
from starter.api.calls import Call
from starter.api.routes import CALLS
from starter.web.site import Site
from store import interface, people, sessions
from store.interface import TokenRow
from tests.builders import AMINA, HELEN
from tests.starter.api.conftest import AProgram, Program, a_token
from tests.starter.web.conftest import Clock, SignedIn

OF_NOBODY = "duly_" + "A" * 43


def address_of(call: Call) -> str:
    return call.path.removeprefix("/api/v1").replace("{reference}", "K7QM-4TXR").replace("{ask}", "a1")


async def call_it(program: Program, call: Call, **headers: str) -> tuple[int, str]:
    path = address_of(call)
    answer = await (program.get(path, **headers) if call.method == "GET" else program.post(path, **headers))
    return answer.status_code, answer.json()["type"]


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.name)
async def test_no_call_is_answered_without_a_token_that_is_good_and_for_it(program: AProgram, call: Call) -> None:
    assert await call_it(await program(), call) == (401, "urn:duly:no-token")
    nobody = await program()
    nobody.token = OF_NOBODY
    assert await call_it(nobody, call) == (401, "urn:duly:bad-token")
    others = [scope for scope in SCOPES if scope != call.scope]
    assert await call_it(await program(HELEN.email, *others), call) == (403, "urn:duly:scope")
    status, _ = await _status(await program(HELEN.email, call.scope), call)
    assert status != 401


async def _status(program: Program, call: Call) -> tuple[int, bytes]:
    path = address_of(call)
    answer = await (program.get(path) if call.method == "GET" else program.post(path))
    assert answer.headers["Content-Type"] in {"application/json", "application/problem+json"}
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers
    return answer.status_code, answer.content


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Basic YTpi",
        f"bearer {OF_NOBODY}",
        f"Bearer  {OF_NOBODY}",
        f"Bearer {OF_NOBODY}x",
        "Bearer duly_short",
        "Bearer " + "x" * 5000,
    ],
)
async def test_what_is_no_token_is_nobody(program: AProgram, header: str) -> None:
    assert (await (await program()).get("/cases", Authorization=header)).status_code == 401


async def test_a_token_in_the_address_or_in_a_cookie_is_nobody(program: AProgram, site: Site) -> None:
    token = await a_token(site, AMINA.email)
    nobody = await program()
    assert (await nobody.get(f"/cases?token={token}")).status_code == 401
    assert (await nobody.get("/cases", Cookie=f"duly-demo={token}")).status_code == 401
    nobody.token = token
    assert (await nobody.get(f"/cases?access_token={token}")).status_code == 422
    assert (await nobody.get("/cases")).status_code == 200


async def test_two_tokens_at_once_are_none(program: AProgram, site: Site) -> None:
    token = await a_token(site, AMINA.email)
    nobody = await program()
    headers = [("Authorization", f"Bearer {token}"), ("Authorization", f"Bearer {token}")]
    assert (await nobody.client.get("/api/v1/cases", headers=headers)).status_code == 401


async def test_somebody_signed_in_is_nobody_to_the_interface(signed_in: SignedIn) -> None:
    browser = await signed_in(AMINA.email, strong=True)
    assert (await browser.get("/api/v1/cases")).status_code == 401


async def test_a_token_ends_when_its_time_is_over_or_it_is_revoked(program: AProgram, site: Site, clock: Clock) -> None:
    amina = await program(AMINA.email)
    assert (await amina.get("/cases")).status_code == 200
    clock.pass_time(days=30, seconds=-1)
    assert (await amina.get("/cases")).status_code == 200
    clock.pass_time(seconds=1)
    assert (await amina.get("/cases")).status_code == 401
    other = await program(AMINA.email)
    async with site.db.write() as session:
        rows = await interface.tokens_of(session, AMINA.id)
        await interface.revoke(session, HELEN.id, rows[0].id, clock())
    assert (await other.get("/cases")).status_code == 200
    async with site.db.write() as session:
        await interface.revoke(session, AMINA.id, rows[0].id, clock())
    assert (await other.get("/cases")).status_code == 401


async def test_a_leaver_has_no_token_any_more_and_does_not_get_it_back(program: AProgram, site: Site) -> None:
    amina = await program(AMINA.email)
    left = AMINA.model_copy(update={"leaves_on": site.today - timedelta(days=1)})
    async with site.db.write() as session:
        await people.save(session, (left,))
    assert (await amina.get("/cases")).status_code == 401
    async with site.db.write() as session:
        await sessions.end_all(session, [AMINA.id])
        await people.save(session, (AMINA,))
    assert (await amina.get("/cases")).status_code == 401


async def test_of_a_token_only_a_digest_is_kept_and_the_day_of_its_last_use(program: AProgram, site: Site) -> None:
    amina = await program(AMINA.email)
    await amina.get("/cases")
    async with site.db.read() as session:
        row = (await session.scalars(select(TokenRow).where(col(TokenRow.person) == AMINA.id))).one()
    assert row.last_used_on == site.today
    assert amina.token not in row.model_dump_json()
    assert amina.token.removeprefix("duly_") not in row.model_dump_json()


async def test_no_token_is_in_a_log(program: AProgram, caplog: pytest.LogCaptureFixture) -> None:
    amina = await program(AMINA.email)
    with caplog.at_level(logging.DEBUG):
        await amina.get("/cases")
        await amina.get("/cases/%ff")
        await amina.send("/cases", b"{")
    assert amina.token not in caplog.text


async def test_whoever_guesses_tokens_is_slowed_down_and_nobody_else(program: AProgram, site: Site) -> None:
    amina, guesser = await program(AMINA.email), await program()
    guesser.token = OF_NOBODY
    found = [(await guesser.get("/cases")).status_code for _ in range(site.settings.bad_links_per_minute + 1)]
    assert found == [401] * site.settings.bad_links_per_minute + [429]
    assert (await guesser.get("/cases")).headers["Retry-After"] == "60"
    assert (await amina.get("/cases")).status_code == 200


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"process=club", "application/x-www-form-urlencoded", 415),
        (b"{}", "text/plain", 415),
        (b"{", "application/json", 400),
        (b"[]", "application/json", 400),
        (b'{"process": NaN}', "application/json", 400),
        (b'{"process": "club", "process": "site"}', "application/json", 400),
        (b"\xff", "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b'{"process": 1, "school": true, "surprise": 0}', "application/json", 422),
        (b"{}", "application/json; charset=utf-8", 422),
        (b'{"process": "\\ud800", "answers": {}}', "application/json", 422),
        (b"x" * (256 * 1024 + 1), "application/json", 400),
    ],
)
async def test_only_json_of_the_right_shape_is_taken(program: AProgram, body: bytes, kind: str, status: int) -> None:
    amina = await program(AMINA.email)
    answer = await amina.send("/cases", body, kind, **{"Idempotency-Key": "k" * 16})
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["status"] == status


async def test_everything_that_does_not_fit_is_said_at_once(program: AProgram) -> None:
    amina = await program(AMINA.email)
    sent = {"process": 1, "school": [], "answers": {"aims": {"a": 1}, "name": None}, "surprise": 0}
    answer = await amina.post("/cases", sent, Idempotency_Key="k" * 16)
    assert {fault["field"] for fault in answer.json()["faults"]} == {
        *("process", "school", "surprise", "answers.aims", "answers.name")
    }


async def test_errors_of_the_door_are_told_to_programs_as_json(program: AProgram) -> None:
    amina = await program(AMINA.email)
    for answer, status in (
        (await amina.get("/nothing"), 404),
        (await amina.post("/processes"), 405),
        (await amina.get("/cases", Host="evil.example"), 421),
        (await amina.get("/cases?words=%00"), 400),
        (await amina.post("/cases", {}, Origin="https://evil.example"), 403),
    ):
        assert (answer.status_code, json.loads(answer.content)["status"]) == (status, status)
        assert answer.headers["Content-Type"] == "application/problem+json"
