"""Taking the evidence of a confidential case: those who see to it, confirmed, and it is on record that they did."""

from domain.allegations import Reporter
from starter.evidence import unpacked
from starter.web.site import Site
from tests.starter.web.confidential.conftest import HERE, Begin, Strong
from tests.starter.web.conftest import SignedIn
from tests.starter.web.test_evidence import wrong

EVIDENCE = f"{HERE}/evidence"
NAMED = Reporter(mode="confidential", person="amina", name="Amina Okafor", contact="07700 900123")


def said(content: bytes) -> str:
    return b"".join(data for name, data in unpacked(content).items() if not name.endswith(".pdf")).decode()


async def test_who_sees_to_it_gets_it_without_the_reporter_unless_that_is_asked_for(
    site: Site, begin: Begin, strong: Strong
) -> None:
    case = await begin(reporter=NAMED)
    helen = await strong("helen")
    assert EVIDENCE in (await helen.get(HERE)).text
    await helen.get(EVIDENCE)
    answer = await helen.post(EVIDENCE, {"names": "shown"})
    assert answer.headers["Content-Disposition"] == 'attachment; filename="K7QM-4TXR-evidence.zip"'
    assert wrong(site, answer.content) == []
    assert "07700 900123" not in said(answer.content)
    assert "Amina Okafor" not in said(answer.content)
    named = await helen.post(EVIDENCE, {"names": "shown", "reporter": "yes"})
    assert wrong(site, named.content) == []
    assert "07700 900123" in said(named.content)
    taken = [what for who, what in await case.reads() if who == "helen" and "taken out of Duly" in what]
    assert len(taken) == 2


async def test_whoever_did_not_confirm_that_it_is_them_does_so_first(begin: Begin, signed_in: SignedIn) -> None:
    await begin()
    helen = await signed_in("helen@elmbrook.example")
    answer = await helen.get(EVIDENCE)
    assert (answer.status_code, answer.headers["Location"].partition("?")[0]) == (303, "/confirm-it-is-you")
    assert (await helen.post(EVIDENCE, {"names": "shown"})).status_code == 401


async def test_to_everybody_else_there_is_nothing_there(begin: Begin, strong: Strong) -> None:
    case = await begin()
    for person in ("ada", "otto", "ben"):
        browser = await strong(person)
        here, nowhere = await browser.get(EVIDENCE), await browser.get("/c/2222-2222/evidence")
        assert (here.status_code, here.text.replace(HERE, "")) == (404, nowhere.text.replace("/c/2222-2222", ""))
        assert (await browser.post(EVIDENCE, {"names": "shown"})).status_code == 404
        assert (await browser.get("/cases/K7QM-4TXR/evidence")).status_code == 404
    assert not [what for _, what in await case.reads() if "taken out" in what]


async def test_whoever_is_only_told_reads_the_case_and_does_not_take_it_out(begin: Begin, strong: Strong) -> None:
    await begin()
    told = await strong("dana")
    assert (await told.get(HERE)).status_code == 200
    assert EVIDENCE not in (await told.get(HERE)).text
    assert (await told.get(EVIDENCE)).status_code == 404
