"""What a supervisor is told."""

from sqlalchemy import text

from starter.web.site import Site
from tests.starter.web.conftest import Browser, RememberedCases


async def test_a_site_that_can_work_is_ready(client: Browser) -> None:
    assert (await client.get("/healthz")).text == "alive\n"
    assert ((await client.get("/readyz")).status_code, (await client.get("/readyz")).text) == (200, "ready\n")


async def test_without_temporal_it_is_alive_and_not_ready(client: Browser, cases: RememberedCases) -> None:
    cases.lost = True
    assert (await client.get("/healthz")).status_code == 200
    answer = await client.get("/readyz")
    assert (answer.status_code, answer.text) == (503, "not ready: temporal\n")


async def test_before_the_database_is_migrated_it_is_not_ready(client: Browser, site: Site) -> None:
    async with site.db.write() as session:
        await session.execute(text("UPDATE alembic_version SET version_num = 'before'"))
    answer = await client.get("/readyz")
    assert (answer.status_code, answer.text) == (503, "not ready: database\n")
