"""Stepping aside in a confidential case: somebody else is asked, and who stepped aside sees nothing of it any more."""

from datetime import timedelta

import pytest

from domain.events import AskMoved
from domain.pack import EventMatch, Task
from starter.web.confidential import recording
from tests.matters import DISCIPLINARY
from tests.starter.web.confidential.conftest import HERE, Begin, Strong, text_of
from tests.starter.web.conftest import Clock, page_of
from tests.starter.web.running import Running

ASIDE = f"{HERE}/step-aside"
WHY = "He is my brother"


@pytest.mark.meets("PLAT-06", "ALLEG-11")
async def test_whoever_steps_aside_reads_nothing_more_and_the_next_in_line_is_asked(
    begin: Begin, strong: Strong
) -> None:
    case = await begin()
    helen, dev = await strong("helen"), await strong("dev")
    assert (await dev.get(HERE)).status_code == 404
    assert "step aside" in await text_of(helen)
    checked = await helen.post(ASIDE, {"stage": "review", "comment": WHY})
    assert WHY in checked.text
    assert "This cannot be undone." in checked.text
    assert not any(isinstance(event, AskMoved) for event in await case.events())
    done = await helen.post(ASIDE, {"stage": "confirm", "comment": WHY})
    assert (done.status_code, "You have stepped aside" in done.text) == (200, True)
    moved = next(event for event in await case.events() if isinstance(event, AskMoved))
    assert (moved.why, moved.by, moved.comment) == ("stepped_aside", "helen", WHY)
    assert (await helen.get(HERE)).status_code == 404
    text = await text_of(dev)
    assert "This waits for the Deputy headteacher as case manager" in text
    assert "Helen Marsh stepped aside" in text


async def test_a_conflict_of_interest_is_said_in_words(begin: Begin, strong: Strong) -> None:
    await begin()
    helen = await strong("helen")
    for comment in ("", "data:image/png;base64,iVBORw0KGgo"):
        answer = await helen.post(ASIDE, {"stage": "review", "comment": comment})
        assert answer.status_code == 422
        assert page_of(answer).select(".govuk-error-summary a[href='#comment']")
        assert "iVBOR" not in answer.text
    back = await helen.post(ASIDE, {"stage": "change", "comment": WHY})
    assert page_of(back).select_one("textarea").get_text() == WHY  # type: ignore[union-attr]
    assert (await helen.post(ASIDE, {"stage": "confirm", "comment": " "})).status_code == 422
    assert (await helen.post(ASIDE, {"stage": "else", "comment": WHY})).status_code == 422
    assert (await helen.get(HERE)).status_code == 200


async def test_whoever_sees_to_a_case_steps_aside_though_nothing_is_asked_of_them(
    begin: Begin, strong: Strong, clock: Clock
) -> None:
    warned = Task(
        key="decision", title="Decide", seat="decider", done_by=EventMatch(event=("decision_made",)), clause="c16-2"
    )
    case = await begin(process=DISCIPLINARY.model_copy(update={"tasks": (DISCIPLINARY.tasks[0], warned)}))
    await case.record("helen", "triage_recorded", at_risk="no", reason="Only adults.", name="Helen Marsh")
    ends = clock().date() + timedelta(days=90)
    await case.record("helen", "decision_made", sanction="first_warning", reasons="It was so.", expires_on=ends)
    assert (await case.read()).standing.asks == ()
    helen, dev = await strong("helen"), await strong("dev")
    assert "Nothing is asked of them now" in await text_of(helen)
    assert "step aside" in await text_of(helen)
    assert (await helen.post(ASIDE, {"stage": "confirm", "comment": WHY})).status_code == 200
    assert (await helen.get(HERE)).status_code == 404
    assert "Dev Patel" in await text_of(dev)


async def test_whoever_is_not_asked_has_nothing_to_step_aside_from(begin: Begin, strong: Strong) -> None:
    await begin()
    dana = await strong("dana")
    assert (await dana.get(ASIDE)).status_code == 404
    assert (await dana.post(ASIDE, {"stage": "confirm", "comment": WHY})).status_code == 404
    assert "step aside" not in await text_of(dana)


async def test_where_the_case_cannot_be_reached_nobody_has_stepped_aside(
    begin: Begin, strong: Strong, running: Running
) -> None:
    await begin()
    helen = await strong("helen")
    running.lost = True
    answer = await helen.post(ASIDE, {"stage": "confirm", "comment": WHY})
    assert answer.status_code == 503
    assert recording.LATER in answer.text
    assert WHY in answer.text
    assert (await helen.get(HERE)).status_code == 200
