"""Nothing of a confidential case is anywhere but sealed: not in Temporal, the database, a log, a mail, a number."""

import asyncio
import shutil
from datetime import timedelta
from pathlib import Path

from tests.leaks import school, story
from tests.leaks.house import House, house
from tests.leaks.searching import search, text, word
from tests.leaks.story import Desk


async def test_try(tmp_path: Path, migrated_file: Path) -> None:
    import time

    t = time.time()

    def lap(what):
        nonlocal t
        print(what, round(time.time() - t, 2))
        t = time.time()

    async with house(tmp_path, lambda file: shutil.copy(migrated_file, file)) as here:
        lap("up")
        code = await story.report(here)
        lap("report")
        head = Desk(await here.browser(school.HEAD, strong=True))
        chair = Desk(await here.browser(school.CHAIR, strong=True))
        (case,) = await here.cases()
        await story.until_referred(here, head, case)
        lap("until_ref")
        await story.write(here, code)
        await story.until_advised(head, case)
        lap("adv")
        await story.until_disciplined(head, case)
        lap("disc")
        other = (await here.cases())[-1]
        await story.until_ended(head, case)
        lap("ended")
        investigator = Desk(await here.browser(school.INVESTIGATOR, strong=True))
        await story.investigated(head, investigator, other)
        lap("inv")
        await story.held_up(here, head, other)
        lap("held")
        await story.decided(here, head, chair, other, here.now.date())
        lap("decided")
        cases = await here.cases()
        print([c.standing.outcome for c in cases], story.PLAYED - story.kinds_in(cases))
    lap("down")
    traces = here.traces() if not asyncio.iscoroutinefunction(here.traces) else await here.traces()
    print({k: len(v) for k, v in traces.items()})
    print(search(traces, {"m": text(story.STEM), "w": text("allegation", "disciplin", "interview", "lado_")}))
    lap("search")
    assert False
