"""Reading cases with a token: as its person may on the pages, and nothing confidential."""

import pytest

from starter.web.site import Site
from store import people
from tests.builders import ADA, AMINA, BEN, HELEN, OTTO, a_person
from tests.starter.api.conftest import AProgram
from tests.starter.web.conftest import Clock
from tests.starter.web.running import Running, answered, requested, withdrawn
from tests.starter.web.school import RUTH

NOTHING = "/cases/2222-2222"


@pytest.fixture
async def request_of_amina(running: Running) -> None:
    await requested(running)


@pytest.mark.usefixtures("request_of_amina")
async def test_a_case_says_why_it_waits_whom_it_asks_and_what_its_reader_may_do(program: AProgram) -> None:
    case = (await (await program(BEN.email)).get("/cases/K7QM-4TXR")).json()
    assert case["waiting"].startswith("This waits for the Line manager, asked on 2 November 2026 (Elmbrook 16.2)")
    assert (case["state"], case["outcome"], case["version"], case["requester"]) == ("Being decided", "", 1, AMINA.name)
    [ask] = case["asks"]
    assert (ask["ask"], ask["seat"]["name"], ask["you_answer"]) == ("a1", "Line manager", "with_token")
    assert ask["due"] == "2026-11-09T23:59:59Z"
    assert case["may"] == ["answer"]
    assert case["page"] == "http://127.0.0.1:8000/cases/K7QM-4TXR"
    aims = [one for section in case["sections"] for one in section["answers"] if one["key"] == "aims"]
    assert aims[0]["lines"] == ["Show what our science club does.", "Every week."]
    hers = (await (await program(AMINA.email)).get("/cases/k7qm 4txr")).json()
    assert (hers["asks"][0]["you_answer"], hers["may"]) == ("no", ["nudge", "withdraw"])
    assert (await (await program(ADA.email)).get("/cases/K7QM-4TXR")).json()["may"] == []


@pytest.mark.usefixtures("request_of_amina")
@pytest.mark.parametrize("email", [OTTO.email, RUTH.email, HELEN.email])
async def test_a_case_that_is_not_yours_is_like_one_that_is_not_there(program: AProgram, email: str) -> None:
    theirs = await program(email)
    for rest in ("", "/events"):
        there, not_there = await theirs.get(f"/cases/K7QM-4TXR{rest}"), await theirs.get(f"{NOTHING}{rest}")
        assert (there.status_code, there.content) == (404, not_there.content)
        headers = ({**one.headers, "x-request-id": ""} for one in (there, not_there))
        assert next(headers) == next(headers)
    sent = {"version": 1, "verdict": "approve", "signature": "Me"}
    for rest, body in (("review", None), ("answer", sent)):
        there = await theirs.post(f"/cases/K7QM-4TXR/asks/a1/{rest}", body)
        not_there = await theirs.post(f"{NOTHING}/asks/a1/{rest}", body)
        assert (there.status_code, there.content) == (404, not_there.content)
    assert (await theirs.get("/cases")).json() == {"cases": [], "next": None}


async def test_what_happened_is_told_in_sentences(program: AProgram, running: Running) -> None:
    await requested(running)
    await answered(running, "ben", "a1")
    answer = (await (await program(AMINA.email)).get("/cases/K7QM-4TXR/events")).json()
    events = answer["events"]
    assert [one["number"] for one in events] == list(range(1, len(events) + 1))
    [approved] = [one for one in events if one["kind"] == "approved"]
    assert approved["sentence"] == "Ben Carter approved as Line manager"
    assert (approved["by"], approved["how"], approved["version"]) == ("Ben Carter", "link", 1)
    assert approved["clause"] == "Elmbrook 16.2"
    assert approved["at"].endswith("Z")


async def test_a_list_has_what_one_has_a_part_in_and_an_administrator_all(program: AProgram, running: Running) -> None:
    await requested(running)
    await requested(running, "c-2", "8RST-WXYZ", starter="otto", author="otto", title="Drama club")
    for email, found in (
        (AMINA.email, {"K7QM-4TXR"}),
        (OTTO.email, {"8RST-WXYZ"}),
        (BEN.email, {"K7QM-4TXR", "8RST-WXYZ"}),
        (ADA.email, {"K7QM-4TXR", "8RST-WXYZ"}),
        (HELEN.email, set()),
    ):
        listed = (await (await program(email)).get("/cases")).json()["cases"]
        assert {one["reference"] for one in listed} == found
    ada = await program(ADA.email)
    for query, number in (
        ("words=drama", 1),
        ("state=open", 2),
        ("state=closed", 0),
        ("person=Otto%20Lind", 1),
        ("since=2026-11-03", 0),
        ("seat=line_manager&sort=due", 2),
        ("reference=8rst-wxyz", 1),
    ):
        assert len((await ada.get(f"/cases?{query}")).json()["cases"]) == number, query
    one = (await ada.get("/cases?words=drama")).json()["cases"][0]
    assert one["process"] == {"key": "new_site", "name": "Create a social media site"}
    assert one["waits_for"] == [{"key": "line_manager", "name": "Line manager"}]


async def test_a_list_goes_on_where_it_ended(
    program: AProgram, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("starter.api.cases.MOST", 2)
    names = ("K7QM-4TXR", "8RST-WXYZ", "2345-6789")
    for number, reference in enumerate(names):
        await requested(running, f"c-{number}", reference)
    ada = await program(ADA.email)
    found: list[str] = []
    after: str | None = None
    for _ in range(2):
        page = (
            await ada.client.get("/api/v1/cases", params={"after": after} if after else {}, headers=ada._usual)
        ).json()
        found += [one["reference"] for one in page["cases"]]
        after = page["next"]
    assert (set(found), len(found), after) == (set(names), 3, None)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("person=Otto%20Lind", "person"),
        ("since=yesterday", "since"),
        ("state=nothing", None),
        ("surprise=1", None),
        ("after=nowhere", None),
        ("words=a&words=b", None),
    ],
)
async def test_what_cannot_be_looked_for_is_refused(program: AProgram, query: str, field: str | None) -> None:
    answer = await (await program(AMINA.email)).get(f"/cases?{query}")
    assert answer.status_code == 422
    assert [fault["field"] for fault in answer.json().get("faults", [])] == ([field] if field else [])


async def test_what_has_ended_can_be_read_still(program: AProgram, running: Running) -> None:
    await requested(running)
    await withdrawn(running)
    case = (await (await program(AMINA.email)).get("/cases/K7QM-4TXR")).json()
    assert (case["outcome"], case["asks"], case["may"]) == ("withdrawn", [], [])
    assert case["closed_at"] is not None


@pytest.mark.usefixtures("request_of_amina")
async def test_whoever_loses_a_power_loses_it_for_their_programs_at_once(
    program: AProgram, site: Site, clock: Clock
) -> None:
    del clock
    ada = await program(ADA.email)
    assert (await ada.get("/cases/K7QM-4TXR")).status_code == 200
    async with site.db.write() as session:
        await people.save(session, (a_person("ada", "Ada Quinn"),))
    assert (await ada.get("/cases/K7QM-4TXR")).status_code == 404
    assert (await ada.get("/webhooks")).status_code == 403
