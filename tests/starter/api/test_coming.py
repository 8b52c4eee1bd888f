"""What comes next by itself, for a program: day by day, in the sentences of the page."""

from tests.builders import AMINA
from tests.starter.api.conftest import AProgram
from tests.starter.web.running import Running, requested, withdrawn


async def test_a_case_says_day_by_day_what_comes_next_by_itself_until_it_ends(
    program: AProgram, running: Running
) -> None:
    await requested(running)
    hers = await program(AMINA.email)
    case = (await hers.get("/cases/K7QM-4TXR")).json()
    assert case["coming"] == [{"day": "2026-11-05", "sentences": ["A reminder goes to the Line manager"]}]
    assert case["next_at"].startswith("2026-11-05")
    await withdrawn(running)
    assert (await hers.get("/cases/K7QM-4TXR")).json()["coming"] == []
