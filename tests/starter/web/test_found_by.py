"""Find, by words that stand in no title: those of answers that a pack keeps in clear, and the list that shows them."""

from typing import TYPE_CHECKING, cast

from activities.rounds import Rounds
from starter.web.site import Site
from tests.builders import FORM, ORGANISATION, PACK, PROCESS
from tests.starter.web.conftest import Clock, SignedIn, page_of
from tests.starter.web.running import Running, requested
from tests.starter.web.test_finding import a_row

if TYPE_CHECKING:
    from activities.jobs import Jobs


async def test_an_administrator_finds_a_case_by_its_host_and_sees_the_host_in_the_list(
    site: Site, signed_in: SignedIn
) -> None:
    async with site.db.write() as session:
        session.add_all([a_row(2, found_by="Padlet, https://padlet.example/bees"), a_row(3, found_by=""), a_row(4)])
    ada = await signed_in("ada@elmbrook.example")
    [cell] = page_of(await ada.get("/admin/cases?words=padlet+site")).select("tbody td:nth-of-type(1)")
    assert [" ".join(part.split()) for part in cell.stripped_strings] == [
        "Site 2",
        "Padlet, https://padlet.example/bees",
    ]
    assert len(page_of(await ada.get("/admin/cases?words=site")).select("tbody tr")) == 3
    assert "Padlet" in (await ada.get("/admin/cases.csv?words=padlet")).text


async def test_a_request_that_was_sent_before_a_pack_named_its_host_is_found_by_it_once_the_lookout_looked(
    site: Site, running: Running, signed_in: SignedIn, clock: Clock
) -> None:
    await requested(running)
    ada = await signed_in("ada@elmbrook.example")
    naming = PROCESS.model_copy(update={"found_by": ("department",)})
    pack = PACK.model_copy(update={"processes": (naming,), "forms": (FORM,)})
    before = page_of(await ada.get("/admin/cases?words=club")).select_one("tbody td:nth-of-type(1)")
    rounds = Rounds(site.db, site.keys, cast("Jobs", running), lambda: {ORGANISATION: pack}, clock)
    await rounds.look_at(ORGANISATION, "1", clock().date())
    after = page_of(await ada.get("/admin/cases?words=club")).select_one("tbody td:nth-of-type(1)")
    assert before is not None
    assert after is not None
    assert list(before.stripped_strings) == ["Science club page"]
    assert list(after.stripped_strings) == ["Science club page", "Science"]
