"""That somebody took the evidence of an ordinary case out of Duly is on record, and administrators see it."""

from starter.web.site import Site
from store import evidence
from tests.builders import ADA
from tests.starter.web.conftest import SignedIn, page_of
from tests.starter.web.running import Running, requested

PLACE = "/cases/K7QM-4TXR/evidence"


async def test_who_took_it_and_when_is_seen_by_whoever_takes_it_next(
    signed_in: SignedIn, running: Running, site: Site
) -> None:
    await requested(running)
    ada = await signed_in(ADA.email)
    assert "Taken before" not in (await ada.get(PLACE)).text
    assert (await ada.post(PLACE, {})).status_code == 422
    async with site.db.read() as session:
        assert await evidence.taken(session, "c-1") == []
    await ada.get(PLACE)
    assert (await ada.post(PLACE, {"names": "withheld"})).status_code == 200
    async with site.db.write() as session:
        await evidence.note_taken(session, "c-1", frozenset(), site.clock(), operator="root at school-server")
    rows = [" ".join(row.get_text(" ").split()) for row in page_of(await ada.get(PLACE)).select("main .duly-rows li")]
    assert sorted(rows) == [
        "Monday 2 November 2026 at 9:30am, by Ada Quinn Names were withheld.",
        "Monday 2 November 2026 at 9:30am, by root at school-server, with a command on the machine With names.",
    ]
