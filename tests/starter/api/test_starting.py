"""Starting a case with a token: the same rules as on the pages, and one key begins one case."""

from collections.abc import Mapping
from typing import Any

import pytest
from httpx2 import Response

from starter.web.site import Site
from tests.builders import AMINA, SCHOOL
from tests.starter.api.conftest import AProgram, Program
from tests.starter.web.conftest import Clock, RememberedCases, SignedIn
from tests.starter.web.running import Running
from tests.starter.web.school import BOTH, RUTH, TEMP

ANSWERS: dict[str, Any] = {
    "name": "Chess Club",
    "aims": "Play chess.",
    "audience": ["pupils"],
    "youngest": 7,
    "host": "school",
    "administrators": ["amina@elmbrook.example", "Ben Carter"],
    "live": "2027-03-01",
    "closes": "2028-03-01",
}
KEY = "3b0c2f5e-one-case"


async def start(program: Program, key: str = KEY, answers: Mapping[str, Any] | None = None, **more: Any) -> Response:
    sent = {"process": "club", "answers": ANSWERS if answers is None else answers, **more}
    return await program.post("/cases", sent, Idempotency_Key=key)


def faults_of(answer: Response) -> dict[str, str]:
    assert answer.status_code == 422
    return {fault["field"]: fault["message"] for fault in answer.json()["faults"]}


async def test_what_may_be_started_comes_with_its_questions(program: AProgram) -> None:
    [_, club] = (await (await program(AMINA.email)).get("/processes")).json()["processes"]
    assert (club["key"], club["title"], club["form"]) == ("club", "A site for a club", "A club's site")
    assert club["schools"] == [{"key": SCHOOL, "name": "Elmbrook Primary School"}]
    questions = {one["key"]: one for section in club["sections"] for one in section["questions"]}
    assert questions["author"]["filled_in"] == "Amina Okafor"
    assert questions["line_manager"]["filled_in"] == "Ben Carter"
    assert questions["audience"]["choices"][0]["reveals"][0]["key"] == "youngest"
    assert (questions["administrators"]["least"], questions["administrators"]["most"]) == (2, 6)
    assert [choice["key"] for choice in questions["publicity"]["choices"]] == ["yes", "no", "unsure"]


@pytest.mark.parametrize("email", [TEMP.email, RUTH.email])
async def test_whoever_may_start_nothing_is_offered_nothing_and_starts_nothing(
    program: AProgram, cases: RememberedCases, email: str
) -> None:
    theirs = await program(email)
    assert (await theirs.get("/processes")).json() == {"processes": []}
    assert faults_of(await start(theirs))["process"] == "There is no such process that you may start"
    assert cases.begun == {}


async def test_a_case_begins_as_from_the_page(program: AProgram, cases: RememberedCases) -> None:
    answer = await start(await program(AMINA.email))
    assert answer.status_code == 201
    [opening] = cases.begun.values()
    assert answer.json() == {
        "reference": opening.reference,
        "process": "club",
        "page": f"http://127.0.0.1:8000/cases/{opening.reference}",
    }
    assert opening.request.title == "Chess Club"
    assert (opening.request.starter, opening.request.author, opening.school) == (AMINA.id, AMINA.id, SCHOOL)
    assert opening.request.answers["administrators"] == ("amina", "ben")
    assert opening.request.answers["live"] == "2027-03-01"
    assert opening.request.answers["line_manager"] == "ben"


async def test_one_key_begins_one_case_however_often_it_is_sent(
    program: AProgram, cases: RememberedCases, clock: Clock
) -> None:
    amina = await program(AMINA.email)
    first = await start(amina)
    clock.pass_time(days=29)
    again = await start(await program(AMINA.email))
    assert (again.status_code, again.content) == (201, first.content)
    assert len(cases.begun) == 1
    assert (await start(amina, "another-key-of-mine")).json()["reference"] != first.json()["reference"]
    assert (await start(await program(BOTH.email), school=SCHOOL)).status_code == 201
    assert len(cases.begun) == 3


async def test_a_key_that_came_with_something_else_begins_nothing(program: AProgram, cases: RememberedCases) -> None:
    amina = await program(AMINA.email)
    await start(amina)
    answer = await start(amina, answers={**ANSWERS, "name": "Go Club"})
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:duly:key-used")
    assert len(cases.begun) == 1


@pytest.mark.parametrize("key", ["", "short", "k" * 201, "with a blank in it"])
async def test_without_a_key_of_its_own_nothing_begins(program: AProgram, cases: RememberedCases, key: str) -> None:
    assert "Idempotency-Key" in faults_of(await start(await program(AMINA.email), key))
    assert cases.begun == {}


async def test_nothing_begins_while_anything_is_wrong_and_all_of_it_is_said(
    program: AProgram, cases: RememberedCases, signed_in: SignedIn
) -> None:
    amina = await program(AMINA.email)
    wrong = {**ANSWERS, "audience": ["pigeons"], "live": "2026-02-30", "administrators": ["Nobody At All"], "name": ""}
    found = faults_of(await start(amina, answers=wrong))
    assert set(found) == {"answers.name", "answers.audience", "answers.administrators", "answers.live"}
    assert "real date" in found["answers.live"]
    rule = faults_of(await start(amina, answers={**ANSWERS, "live": "2020-01-01"}))
    assert rule == {"answers.live": "It must go live after today"}
    found = faults_of(await start(amina, answers={**ANSWERS, "pigeons": "12"}, school="nowhere"))
    assert set(found) == {"answers.pigeons", "school"}
    assert cases.begun == {}
    # Nor is anything left behind: the same key begins what is right.
    assert "Chess" not in (await (await signed_in(AMINA.email)).get("/")).text
    assert (await start(amina)).status_code == 201


async def test_whoever_is_at_several_schools_says_which(program: AProgram, cases: RememberedCases) -> None:
    both = await program(BOTH.email)
    assert set(faults_of(await start(both))) == {"school"}
    assert (await start(both, school="elmbrook-high")).status_code == 201
    assert [opening.school for opening in cases.begun.values()] == ["elmbrook-high"]


async def test_an_outage_is_said_and_the_same_key_goes_on(program: AProgram, cases: RememberedCases) -> None:
    amina = await program(AMINA.email)
    cases.lost = True
    answer = await start(amina)
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:duly:not-started")
    cases.lost = False
    assert (await start(amina)).status_code == 201
    assert len(cases.begun) == 1


async def test_a_form_that_held_before_an_outage_and_not_afterwards_begins_nothing(
    program: AProgram, cases: RememberedCases, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    amina = await program(AMINA.email)
    cases.lost = True
    soon = {**ANSWERS, "live": clock().date().replace(day=clock().day + 1).isoformat()}
    await start(amina, answers=soon)
    cases.lost = False
    clock.pass_time(days=3)
    monkeypatch.setattr(cases, "reply", cases.reply.model_copy(update={"says": "closed"}))
    assert set(faults_of(await start(amina, answers=soon))) == {"answers.live"}
    assert cases.begun == {}


async def test_cases_are_limited_as_on_the_pages(program: AProgram, running: Running, site: Site) -> None:
    amina = await program(AMINA.email)
    for number in range(site.settings.cases_per_hour):
        assert (await start(amina, f"key-of-mine-{number:04}")).status_code == 201
    answer = await start(amina, "one-key-too-many")
    assert (answer.status_code, answer.json()["type"]) == (429, "urn:duly:too-many-cases")
    assert int(answer.headers["Retry-After"]) > 0
    assert (await start(amina, "key-of-mine-0000")).status_code == 201
