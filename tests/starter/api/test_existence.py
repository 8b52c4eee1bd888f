"""No call tells that something exists which its caller may not see: a case of others, or a confidential one."""

from dataclasses import replace

import pytest
from httpx2 import Response

from starter.api.calls import Call
from starter.api.routes import CALLS
from starter.web.site import Site
from store import packs, people
from tests.builders import ADA, AMINA, BEN, HELEN, ORGANISATION, OTTO
from tests.matters import CONFIDENTIAL, PEOPLE, a_confidential_opening
from tests.starter.api.conftest import AProgram, Program
from tests.starter.api.test_services import a_service
from tests.starter.web.running import Running, requested
from tests.starter.web.school import ELMBROOK, RUTH

SECRET, ORDINARY, NOWHERE = "K7QM-4TXR", "8RST-WXYZ", "2222-2222"
OUTSIDE = (RUTH.email, OTTO.email)
INSIDE = (HELEN.email, ADA.email, BEN.email, AMINA.email)
SENT = {"version": 1, "verdict": "approve", "signature": "Me"}
OF_ONE = [call for call in CALLS if "{reference}" in call.path]
FINDING = (
    *("/cases", f"/cases?reference={SECRET}", "/cases?state=open", "/cases?state=vacant", "/cases?sort=due"),
    *("/cases?process=allegation", "/cases?seat=headteacher", "/cases?words=Wrote", "/cases?overdue=yes"),
    *("/cases?since=2026-11-01", "/webhooks"),
)


@pytest.fixture
async def site(site: Site) -> Site:
    """Return a site whose pack has confidential processes as well, with everybody who sees to them."""
    whole = ELMBROOK.model_copy(update={"processes": (*ELMBROOK.processes, *CONFIDENTIAL.processes)})
    async with site.db.write() as session:
        await people.save(session, (*PEOPLE, RUTH))
        await packs.keep(session, CONFIDENTIAL)
    return replace(site, packs={**site.packs, ORGANISATION: whole})


async def reported(running: Running) -> None:
    """Have a confidential case about Ben wait for Helen."""
    async with running.site.db.write() as session:
        digest = await packs.keep(session, CONFIDENTIAL)
    opening = a_confidential_opening("c-secret", SECRET)
    await running.begin(opening.model_copy(update={"pack_digest": digest}))


async def everybody(site: Site, program: AProgram) -> dict[str, Program]:
    """Return a program of each who could ask: those who see to it, an administrator, its subject, others, services."""
    found = {email: await program(email) for email in (*INSIDE, *OUTSIDE)}
    found["a service"] = await a_service(site, program)
    found["a service elsewhere"] = await a_service(site, program, organisation="redwood")
    return found


async def ask(caller: Program, call: Call, reference: str, ask: str = "a1") -> Response:
    path = call.path.removeprefix("/api/v1").replace("{reference}", reference).replace("{ask}", ask)
    return await (caller.get(path) if call.method == "GET" else caller.post(path, SENT if call.body else None))


def told(answer: Response) -> tuple[int, bytes, dict[str, str]]:
    """Return all of an answer but the number that each request has."""
    return answer.status_code, answer.content, {**answer.headers, "x-request-id": ""}


@pytest.mark.meets("PLAT-10")
async def test_a_confidential_case_is_like_one_that_is_not_there_for_everybody_by_every_call(
    program: AProgram, running: Running, site: Site
) -> None:
    await reported(running)
    for who, caller in (await everybody(site, program)).items():
        for call in OF_ONE:
            for number in ("a1", "a99"):
                secret, nowhere = [await ask(caller, call, one, number) for one in (SECRET, NOWHERE)]
                assert told(secret) == told(nowhere), (who, call.name)
                assert secret.status_code in {403, 404}


async def test_what_is_found_is_the_same_with_and_without_a_confidential_case(
    program: AProgram, running: Running, site: Site
) -> None:
    await requested(running, "c-2", ORDINARY)
    callers = await everybody(site, program)

    async def all_of_it() -> list[tuple[str, str, int, bytes]]:
        answers = [
            (who, path, await one.get(path)) for who, one in callers.items() for path in (*FINDING, "/processes")
        ]
        return [(who, path, answer.status_code, answer.content) for who, path, answer in answers]

    before = await all_of_it()
    await reported(running)
    assert await all_of_it() == before
    assert any(status == 200 and ORDINARY.encode() in content for _, _, status, content in before)


async def test_no_confidential_process_is_offered_or_told_from_one_that_is_not_there(
    program: AProgram, site: Site
) -> None:
    secret = next(process.key for process in CONFIDENTIAL.processes if process.confidential)
    for who, caller in (await everybody(site, program)).items():
        offered = await caller.get("/processes")
        assert secret not in offered.text, who
        there, nowhere = [
            await caller.post("/cases", {"process": key, "answers": {}}, Idempotency_Key=f"{key}-of-a-program")
            for key in (secret, "nothing")
        ]
        assert told(there) == told(nowhere), who


async def test_an_ordinary_case_is_like_one_that_is_not_there_for_whoever_has_no_part_by_every_call(
    program: AProgram, running: Running, site: Site
) -> None:
    await requested(running, "c-2", ORDINARY)
    callers = await everybody(site, program)
    for who in (*OUTSIDE, "a service elsewhere", HELEN.email):
        for call in OF_ONE:
            there, nowhere = [await ask(callers[who], call, one) for one in (ORDINARY, NOWHERE)]
            assert told(there) == told(nowhere), (who, call.name)
        for path in FINDING:
            answer = await callers[who].get(path)
            assert ORDINARY.encode() not in answer.content, (who, path)
    assert (await ask(callers[BEN.email], OF_ONE[0], ORDINARY)).status_code == 200


async def test_where_a_list_goes_on_says_nothing_and_is_for_whoever_was_told(
    program: AProgram, running: Running, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("starter.api.cases.MOST", 1)
    for number, reference in enumerate((ORDINARY, "2345-6789")):
        await requested(running, f"c-{number}", reference, title=f"Quicksilver {number}")
    ada, ben = await program(ADA.email), await program(BEN.email)
    first = (await ada.get("/cases?sort=title")).json()
    assert first["next"] is not None
    assert "uicksilver" not in first["next"]
    second = (await ada.get(f"/cases?sort=title&after={first['next']}")).json()
    assert [one["title"] for one in (*first["cases"], *second["cases"])] == ["Quicksilver 0", "Quicksilver 1"]
    assert second["next"] is None
    for caller, after in ((ben, first["next"]), (ada, first["next"][:-2]), (ada, "c-0"), (ada, "é")):
        assert (await caller.get(f"/cases?sort=title&after={after}")).status_code == 422
