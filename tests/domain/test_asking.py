"""Whom an ask reaches when it opens, is escalated, or is looked up anew."""

from datetime import date

import pytest

from domain.asking import AUTHOR, Reaching, reached_by
from domain.events import AskMoved, AskOpened, Escalated
from domain.people import Asked, Directory
from tests.builders import AMINA, BEN, DEV, HELEN, MONDAY, OTTO, PEOPLE, SCHOOL, a_person

LADDER = ("line_manager", "headteacher", "deputy_head")
OPENED = AskOpened(
    ask="a1", step="line_manager", seat="line_manager", ladder=LADDER, named="ben", due=MONDAY, version=1
)
MOVED = AskMoved(ask="a1", step="line_manager", why="people_changed", ladder=LADDER, named="ben")
ESCALATED = Escalated(ask="a1", step="line_manager", to=LADDER[1:])
BENS, HELENS = Asked(person="ben", seat="line_manager"), Asked(person="helen", seat="headteacher")
DEVS = Asked(person="dev", seat="deputy_head")
GONE = {"leaves_on": date(2026, 10, 1)}


def reached(
    event: Reaching,
    before: tuple[Asked, ...] = (),
    own: tuple[str, ...] = ("amina",),
    directory: Directory | None = None,
) -> tuple[Asked, ...]:
    return reached_by(event, before, frozenset(own), SCHOOL, directory or Directory(people=PEOPLE), MONDAY.date())


def changed(event: Reaching, **update: object) -> Reaching:
    return event.model_copy(update=update)


@pytest.mark.parametrize(
    ("event", "before", "own", "reaches"),
    [
        (OPENED, (), ("amina",), (BENS,)),
        (changed(OPENED, named=None), (), ("amina",), (HELENS,)),
        (changed(OPENED, excluded=("ben",)), (), ("amina",), (HELENS,)),
        (changed(OPENED, excluded=("ben", "helen")), (), ("amina",), (DEVS,)),
        (changed(OPENED, excluded=("ben", "helen", "dev")), (), ("amina",), ()),
        # Whose request it is, no event has to say.
        (OPENED, (), ("ben",), (HELENS,)),
        (OPENED, (), ("ben", "helen"), (DEVS,)),
        (ESCALATED, (BENS,), ("amina",), (BENS, HELENS)),
        (changed(ESCALATED, excluded=("helen",)), (BENS,), ("amina",), (BENS, DEVS)),
        (ESCALATED, (BENS,), ("helen",), (BENS, DEVS)),
        (changed(ESCALATED, to=()), (BENS,), ("amina",), (BENS,)),
        (MOVED, (HELENS,), ("amina",), (BENS,)),
        (changed(MOVED, also=LADDER[1:]), (), ("amina",), (BENS, HELENS)),
        (changed(MOVED, also=LADDER[1:], excluded=("ben",)), (), ("amina",), (HELENS, DEVS)),
        (changed(MOVED, named="otto"), (BENS,), ("amina",), (Asked(person="otto", seat="line_manager"),)),
        (changed(MOVED, named="nobody"), (BENS,), ("amina",), (HELENS,)),
    ],
)
def test_whom_an_ask_reaches_after(
    event: Reaching, before: tuple[Asked, ...], own: tuple[str, ...], reaches: tuple[Asked, ...]
) -> None:
    assert reached(event, before, own) == reaches


def test_an_author_is_asked_for_changes_and_for_nothing_else() -> None:
    asked = tuple(Asked(person=person, seat=AUTHOR) for person in ("amina", "otto"))
    event = OPENED.model_copy(update={"ladder": (AUTHOR,), "seat": AUTHOR, "named": None, "asked": asked})
    assert reached(event, own=("amina", "otto")) == asked
    left = Directory(people=(AMINA, BEN, a_person("otto", "Otto Lind", **GONE)))
    assert reached(event, own=("amina", "otto"), directory=left) == asked[:1]


def test_whoever_left_is_looked_up_no_more_and_goes_on_being_asked_until_then() -> None:
    left = Directory(people=(AMINA, a_person("ben", "Ben Carter", **GONE), HELEN, DEV, OTTO))
    assert reached(MOVED, (BENS,), directory=left) == (HELENS,)
    assert reached(ESCALATED, (BENS,), directory=left) == (BENS, HELENS)


def test_nobody_holds_anything_in_an_empty_school() -> None:
    assert reached(OPENED, directory=Directory(people=(AMINA,))) == ()
