"""Record histories of this version's cases, unsealed, to be replayed by every later version.

Run by hand once for a release: `python -m tests.record_histories`. What a released version recorded is never changed.
"""

import asyncio
import json
import tempfile
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Final

from temporalio.contrib.pydantic import pydantic_data_converter

from domain.cases import Act, Opening
from domain.events import Verdict
from tests.house import House, house, temporal
from tests.stories import a_directory, a_process, a_step, an_answer, an_opening

HISTORIES: Final = Path(__file__).parent / "histories"

STRAIGHT: Final = (an_answer("a1", "manager"), an_answer("a2", "comms"), an_answer("a3", "head"))
WITHDRAWAL: Final = Act(kind="withdraw", person="author", how="session")
BOTH: Final = a_process(a_step("both", "headteacher", "communications_manager", lapse_on=9))
EITHER: Final = a_process(a_step("either", "headteacher", "communications_manager", needs="any"))

STORIES: Final[dict[str, tuple[Opening, tuple[Act | timedelta, ...]]]] = {
    "approved": (an_opening(key="approved"), STRAIGHT),
    "rejected": (an_opening(key="rejected"), (STRAIGHT[0], an_answer("a2", "comms", Verdict.REJECT))),
    "withdrawn": (an_opening(key="withdrawn"), (STRAIGHT[0], WITHDRAWAL)),
    "reminded-and-escalated": (
        an_opening(key="reminded"),
        (timedelta(days=12), an_answer("a1", "manager"), timedelta(days=12), an_answer("a2", "deputy"), STRAIGHT[2]),
    ),
    "lapsed": (an_opening(BOTH, key="lapsed"), (an_answer("a1", "head"), timedelta(days=20))),
    "all-of": (an_opening(BOTH, key="all-of"), (an_answer("a2", "comms"), an_answer("a1", "head"))),
    "any-of": (an_opening(EITHER, key="any-of"), (an_answer("a2", "comms"),)),
    "mistaken-answers": (
        an_opening(key="mistaken"),
        (an_answer("a1", "author"), STRAIGHT[0], STRAIGHT[0], *STRAIGHT[1:]),
    ),
}
"""What happens in each: what people do, and how much time passes between."""


async def record(home: House, opening: Opening, moves: tuple[Act | timedelta, ...]) -> str:
    """Return the history of a case as JSON, without the names of machines."""
    case = await home.begin(opening, a_directory())
    for move in moves:
        if isinstance(move, Act):
            await home.engine.act(opening.case, move)
        else:
            await case.pass_time(move)
    await case.handle.result()
    history = (await case.handle.fetch_history()).to_json_dict()
    for event in history["events"]:
        for value in event.values():
            if isinstance(value, dict) and "identity" in value:
                value["identity"] = "duly"
    return json.dumps(history, indent=1) + "\n"


async def main() -> None:
    """Record every story under the version that is installed."""
    folder = HISTORIES / version("duly")
    folder.mkdir(exist_ok=True)
    async with temporal() as environment:
        with tempfile.TemporaryDirectory() as place:
            async with house(environment, Path(place), pydantic_data_converter) as home:
                for name, (opening, moves) in STORIES.items():
                    (folder / f"{name}.json").write_text(await record(home, opening, moves), encoding="utf-8")


if __name__ == "__main__":
    asyncio.run(main())
