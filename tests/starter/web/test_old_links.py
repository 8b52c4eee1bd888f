"""Old links of a request that changed since: they say so, and no more than is known; of a case, nothing."""

import pytest

from domain.calendar import Period
from domain.pack import Changes
from store import people
from tests.builders import BEN, DEV, HEADTEACHER, LINE_MANAGER, MONDAY
from tests.starter.web.conftest import Browser, Clock
from tests.starter.web.running import Running, a_link, withdrawn
from tests.starter.web.test_decide import changeable, confirm, decide, edited, review, text_of

USED = "You have answered this"
AFTER = "The request changed after you answered"
AGAIN = "If you are asked again, we send you a new e-mail"
CHANGED = "The request changed. When it is your turn to answer it, we send you a new e-mail"
BACK = "The request went back a step. When it is your turn to answer it, we send you a new e-mail"
NEEDLESS = "This link is no longer needed"
BESIDE = (LINE_MANAGER.model_copy(update={"seats": ("line_manager", "deputy_head")}), HEADTEACHER)
"""Two seats that are asked side by side, before the headteacher."""


async def says(client: Browser, token: str) -> str:
    """Return what a link says that takes no answer any more: nothing of the case."""
    answer = await client.get(f"/d/{token}")
    assert answer.status_code == 410
    assert "Science club" not in answer.text
    return text_of(answer)


async def test_whoever_approved_a_version_that_was_changed_learns_that_it_changed(
    client: Browser, running: Running, clock: Clock
) -> None:
    token = await changeable(running)
    await decide(client, token)
    await running.settled("c-1")
    assert USED in await says(client, token)
    await edited(running, aims="Something else.")
    said = await says(client, token)
    assert AFTER in said
    assert AGAIN in said
    assert "Your answer is on record, and is about an earlier version" in said
    assert USED not in said
    other = await confirm(client, token, decision="reject", comment="No.")
    assert (other.status_code, AFTER in text_of(other)) == (410, True)
    assert "Void" in text_of(await client.get(f"/d/{token}/receipt"))
    clock.pass_time(minutes=11)
    late = await client.get(f"/d/{token}/receipt")
    assert (late.status_code, AFTER in text_of(late)) == (410, True)
    anew = await client.get(f"/d/{await a_link(running.site, BEN, 'a3', version=2)}")
    assert "You are deciding as Ben Carter" in text_of(anew)


async def test_of_an_approval_that_stands_for_every_version_the_words_stay(client: Browser, running: Running) -> None:
    token = await changeable(running, changes=Changes(back_to="headteacher", clause="c16-2"))
    await decide(client, token)
    await running.settled("c-1")
    await edited(running, aims="Something else.")
    assert USED in await says(client, token)


async def test_whoever_returned_a_request_learns_once_it_was_changed(client: Browser, running: Running) -> None:
    token = await changeable(running)
    await decide(client, token, decision="return", comment="Say more.")
    await running.settled("c-1")
    assert USED in await says(client, token)
    await edited(running, aims="Something else.")
    assert AFTER in await says(client, token)


async def test_a_seat_beside_one_that_returned_it_is_not_told_that_there_is_nothing_to_do(
    client: Browser, running: Running
) -> None:
    token = await changeable(running, steps=BESIDE)
    devs = await a_link(running.site, DEV, "a2")
    await decide(client, token, decision="return", comment="Say more.")
    await running.settled("c-1")
    said = await says(client, devs)
    assert BACK in said
    assert "nothing to do" not in said
    await edited(running, aims="Something else.")
    said = await says(client, devs)
    assert CHANGED in said
    assert "nothing to do" not in said
    assert (await client.get(f"/d/{await a_link(running.site, DEV, 'a5', version=2)}")).status_code == 200


async def test_of_two_who_are_asked_for_one_seat_the_other_learns_it_too(client: Browser, running: Running) -> None:
    away = Period(name="away", first=MONDAY.date(), last=MONDAY.date())
    async with running.site.db.write() as session:
        await people.save(session, [BEN.model_copy(update={"deputy": "dev", "absences": (away,)})])
    bens = await changeable(running)
    await review(client, bens)
    await decide(client, await a_link(running.site, DEV), signature="Dev Patel")
    await running.settled("c-1")
    assert NEEDLESS in await says(client, bens)
    assert "This was already decided" in text_of(await confirm(client, bens))
    await edited(running, aims="Something else.")
    assert CHANGED in await says(client, bens)
    late = await confirm(client, bens)
    assert (late.status_code, CHANGED in text_of(late)) == (410, True)


@pytest.mark.parametrize("is_changed", [False, True])
async def test_once_the_request_has_ended_nobody_is_told_that_they_may_be_asked_again(
    client: Browser, running: Running, is_changed: bool
) -> None:
    token = await changeable(running, steps=BESIDE)
    devs = await a_link(running.site, DEV, "a2")
    await decide(client, token)
    await running.settled("c-1")
    if is_changed:
        await edited(running, aims="Something else.")
    await withdrawn(running)
    assert USED in await says(client, token)
    assert AGAIN not in await says(client, devs)
