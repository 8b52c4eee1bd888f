"""The operation of a case: what Temporal says, for administrators without a part in it, and whether it replays."""

from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from starter.runs import Pending, Replayed, Run, Verdict
from tests.builders import MONDAY
from tests.starter.web.conftest import RememberedCases, SignedIn
from tests.starter.web.running import Running, requested
from tests.starter.web.test_cases import leads_to, tables_of, text_of

CASE = "/cases/K7QM-4TXR"
PLACE = f"{CASE}/operation"
STUCK = Run(
    id="run-1",
    status="running",
    began_at=MONDAY,
    ended_at=None,
    events=1234,
    bytes=5678,
    attempt=7,
    pending=(Pending("publish", 3, "OSError: the disk is full", MONDAY + timedelta(minutes=5)),),
)


async def test_an_administrator_sees_what_temporal_says_of_a_case(
    running: Running, cases: RememberedCases, signed_in: SignedIn
) -> None:
    await requested(running)
    cases.runs["c-1"] = STUCK
    ada = await signed_in("ada@elmbrook.example")
    assert leads_to(await ada.get(CASE), PLACE)
    with capture_logs() as logs:
        answer = await ada.get(PLACE)
    for said in ("1,234 events, 5,678 bytes", "under way, attempt 7", "Its turn was tried 7 times", "run-1"):
        assert said in text_of(answer)
    assert tables_of(answer)["Activities under way"] == [
        ["publish", "3", "OSError: the disk is full", "Monday 2 November 2026 at 9:35am"]
    ]
    assert [log["event"] for log in logs] == ["case_opened_by_administrator"]


@pytest.mark.parametrize("person", ["amina", "ben", "otto"])
async def test_nobody_else_sees_it(running: Running, signed_in: SignedIn, person: str) -> None:
    await requested(running)
    browser = await signed_in(f"{person}@elmbrook.example")
    assert (await browser.get(PLACE)).status_code == 403
    assert not leads_to(await browser.get(CASE), PLACE)


async def test_an_administrator_with_a_part_in_the_case_does_not(running: Running, signed_in: SignedIn) -> None:
    await requested(running, starter="ada", author="ada")
    ada = await signed_in("ada@elmbrook.example")
    own = await ada.get(PLACE)
    assert (own.status_code, own.text) == (404, (await ada.get("/cases/ZZZZ-ZZZZ/operation")).text)
    assert not leads_to(await ada.get(CASE), PLACE)
    assert (await ada.post(PLACE)).status_code == 404


@pytest.mark.parametrize(
    ("verdict", "said"),
    [
        ("holds", "It holds. Replayed on the code that runs today, the history of 12 events comes out the same."),
        ("differs", "It does not hold."),
        ("too_long", "after 20 seconds the replay was given up"),
        ("busy", "Another history is being replayed."),
        ("gone", "there is nothing to replay"),
    ],
)
async def test_a_replay_says_whether_the_history_holds(
    running: Running, cases: RememberedCases, signed_in: SignedIn, verdict: Verdict, said: str
) -> None:
    await requested(running)
    cases.runs["c-1"], cases.replayed = STUCK, Replayed(verdict, 12)
    ada = await signed_in("ada@elmbrook.example")
    await ada.get(PLACE)
    assert said in text_of(await ada.post(PLACE))
    assert (await ada.post(PLACE, {"case": "c-2"})).status_code == 422


async def test_what_temporal_does_not_know_or_cannot_say_is_said_so(
    running: Running, cases: RememberedCases, signed_in: SignedIn
) -> None:
    await requested(running)
    ada = await signed_in("ada@elmbrook.example")
    assert "Temporal has this case no more" in text_of(await ada.get(PLACE))
    cases.lost = True
    for answer in (await ada.get(PLACE), await ada.post(PLACE)):
        assert answer.status_code == 503
        assert "Temporal does not answer." in text_of(answer)
