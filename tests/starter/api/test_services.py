"""What a service may call: it reads ordinary cases as administrators do, and does nothing else."""

from datetime import timedelta

import pytest
import structlog
from structlog.testing import capture_logs

from domain.interface import SCOPES, Scope, Service
from starter.api.calls import Call
from starter.api.routes import CALLS
from starter.web.site import Site
from store import services
from tests.builders import ADA, HELEN, ORGANISATION
from tests.starter.api.conftest import AProgram, Program
from tests.starter.api.test_calls import address_of
from tests.starter.web.running import Running, answered, requested

ALL: tuple[Scope, ...] = tuple(SCOPES)


async def a_service(site: Site, program: AProgram, *scopes: Scope, organisation: str = ORGANISATION) -> Program:
    """Return a program with the token of a service that two people wanted."""
    found, id_ = await program(), f"{organisation}-{'-'.join(scopes)}"
    until = site.today + timedelta(days=30)
    wanted = Service(name="School's system", scopes=scopes or ALL, until=until, made_by=ADA.id)
    async with site.db.write() as session:
        token = await services.make(session, id_=id_, organisation=organisation, service=wanted, at=site.clock())
        assert token is not None
        assert await services.confirm(session, id_, HELEN.id, site.clock())
    found.token = token
    return found


async def test_a_service_reads_every_ordinary_case_and_what_happened_and_is_asked_for_nothing(
    program: AProgram, running: Running, site: Site
) -> None:
    await requested(running)
    await requested(running, "c-2", "8RST-WXYZ", starter="otto", author="otto", title="Drama club")
    await answered(running, "ben", "a1")
    service = await a_service(site, program, "cases:read")
    listed = (await service.get("/cases?person=Otto%20Lind")).json()["cases"]
    assert [one["reference"] for one in listed] == ["8RST-WXYZ"]
    case = (await service.get("/cases/K7QM-4TXR")).json()
    as_ada = (await (await program(ADA.email)).get("/cases/K7QM-4TXR")).json()
    assert case["may"] == []
    assert [ask["you_answer"] for ask in case["asks"]] == ["no"]
    told = {"waiting"}
    assert {key: case[key] for key in case.keys() - told} == {key: as_ada[key] for key in as_ada.keys() - told}
    assert (await service.get("/cases/K7QM-4TXR/events")).json()["events"][-1]["sentence"]
    async with site.db.read() as session:
        [row] = await services.services_of(session, ORGANISATION)
    assert row.last_used_on == site.today


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.name)
async def test_a_service_reads_and_does_nothing_else_even_if_its_row_said_so(
    program: AProgram, site: Site, call: Call
) -> None:
    service, path = await a_service(site, program), address_of(call)
    answer = await (service.get(path) if call.method == "GET" else service.post(path))
    refused = answer.status_code == 403 and answer.json()["type"] == "urn:duly:scope"
    assert refused == (call.scope in {"cases:start", "cases:answer"})
    assert answer.status_code in {200, 403, 404}


async def test_a_service_has_the_scopes_that_two_people_wanted_and_no_other(program: AProgram, site: Site) -> None:
    hooks, cases = await a_service(site, program, "webhooks"), await a_service(site, program, "cases:read")
    assert [(await hooks.get(path)).status_code for path in ("/webhooks", "/cases")] == [200, 403]
    assert [(await cases.get(path)).status_code for path in ("/webhooks", "/cases")] == [403, 200]


async def test_a_service_of_another_organisation_finds_nothing(program: AProgram, running: Running, site: Site) -> None:
    await requested(running)
    other = await a_service(site, program, organisation="redwood")
    assert (await other.get("/cases")).json() == {"cases": [], "next": None}
    there, nowhere = await other.get("/cases/K7QM-4TXR"), await other.get("/cases/2222-2222")
    assert (there.status_code, there.content) == (404, nowhere.content)


async def test_that_a_service_opened_a_case_is_written_down(program: AProgram, running: Running, site: Site) -> None:
    await requested(running)
    service = await a_service(site, program, "cases:read")
    structlog.reset_defaults()
    with capture_logs() as logs:
        await service.get("/cases/K7QM-4TXR")
    assert {"case_opened_by_service"} == {log["event"] for log in logs}
    assert {log["service"] for log in logs} == {"elmbrook-cases:read"}
