"""A corrected address: what waits in confidence is mailed there anew, and nobody who corrects it sees that."""

import pytest

from domain.mails import NEUTRAL
from domain.people import Person
from starter.web.site import Site
from store import mails, people
from tests.builders import a_person
from tests.starter.web.confidential.conftest import Begin, Strong
from tests.starter.web.conftest import Browser, RememberedCases, page_of

NINA = a_person("nina", "Nina Shah", administrator=True)
NEW = "h.marsh@elmbrook.example"


async def corrected(ada: Browser, nina: Browser, person: str) -> str:
    """Have one administrator correct an address and another confirm it; return the page that follows."""
    typed = {"person": person, "address": NEW, "why": "A slip in the file"}
    assert (await ada.post("/admin/correct-address", typed)).status_code == 303
    page = page_of(await nina.get("/admin/changes-of-power"))
    (change,) = [str(field["value"]) for field in page.select("main input[name=change]")]
    answer = await nina.post("/admin/changes-of-power", {"change": change, "answer": "confirm"})
    assert answer.status_code == 303
    return (await nina.get("/admin/changes-of-power")).text.replace(change, "")


@pytest.mark.meets("PLAT-10")
async def test_what_waits_in_confidence_is_mailed_at_the_new_address_and_nobody_sees_that(
    begin: Begin, strong: Strong, site: Site, cases: RememberedCases
) -> None:
    async with site.db.write() as session:
        await people.save(session, (NINA,))
    ada, nina = await strong("ada"), await strong("nina")
    case = await begin()
    after = await corrected(ada, nina, "Helen Marsh")
    (sent,) = cases.sent
    async with site.db.read() as session:
        mail = await mails.queued(session, sent)
        helen: Person | None = await people.person(session, "helen")
    assert mail is not None
    assert (mail.person, mail.template, mail.case, mail.ask, mail.about) == ("helen", NEUTRAL, None, None, None)
    assert helen is not None
    assert helen.email == NEW
    assert sent not in after
    assert case.opening.reference not in after
