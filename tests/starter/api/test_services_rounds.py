"""A service reads what comes round like any ordinary case, page by page, and nothing of it once it is over."""

from dataclasses import replace

import pytest

from starter.web.site import Site
from store import services
from tests.builders import ORGANISATION
from tests.starter.api.conftest import AProgram
from tests.starter.api.test_services import a_service
from tests.starter.web.conftest import SignedIn
from tests.starter.web.living import begun
from tests.starter.web.papers import PAPERS, asked_to_sign, taken_on
from tests.starter.web.running import Running


@pytest.fixture
def site(site: Site) -> Site:
    return replace(site, packs={**site.packs, ORGANISATION: PAPERS})


async def test_a_service_reads_what_comes_round_page_by_page_until_it_is_ended(
    program: AProgram, running: Running, site: Site, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("starter.api.cases.MOST", 3)
    await taken_on(site, running, "code", "fresh")
    await asked_to_sign(await signed_in("ada@elmbrook.example"))
    await begun(running)
    service = await a_service(site, program, "cases:read")
    other = await a_service(site, program, "cases:read", "webhooks")
    found, after = [], ""
    while True:
        page = (await service.get(f"/cases{after}")).json()
        found += [(one["process"]["key"], one["reference"]) for one in page["cases"]]
        if page["next"] is None:
            break
        after = f"?after={page['next']}"
        assert (await other.get(f"/cases{after}")).status_code == 422
    assert {process for process, _ in found} == {"review", "acknowledgement", "signature", "site_life"}
    assert len(set(found)) == len(found)
    for _, reference in found:
        case = (await service.get(f"/cases/{reference}")).json()
        assert case["may"] == []
        assert {ask["you_answer"] for ask in case["asks"]} <= {"no"}
        assert (await service.get(f"/cases/{reference}/events")).json()["events"]
    async with site.db.write() as session:
        [ours] = [one for one in await services.services_of(session, ORGANISATION) if one.scopes == "cases:read"]
        assert await services.end(session, ORGANISATION, [ours.id], "ada", site.clock()) == 1
    paths = ("/cases", f"/cases{after}", f"/cases/{found[0][1]}")
    assert {(await service.get(path)).status_code for path in paths} == {401}
