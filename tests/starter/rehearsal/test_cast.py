"""Who is in a rehearsal."""

from datetime import date

import packs
from starter.rehearsal.cast import brought_with, cast
from starter.rehearsal.scenario import Absences, Habits, Role, Scenario
from tests.packs.trying import ROOT

CADMUS = ROOT / "cadmus"
BEGINS = date(2026, 11, 23)


def test_the_same_seed_gives_the_same_people() -> None:
    """Who is slow, away, or leaves is drawn from the seed, and another seed draws others."""
    pack, brought = packs.load(CADMUS), brought_with(packs.load(CADMUS), CADMUS)
    first, again, other = (cast(pack, brought, Scenario(seed=seed), BEGINS) for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_there_are_as_many_people_as_the_scenario_says() -> None:
    """The pack's own come first; those who are invented hold no seat and have a line manager."""
    pack, brought = packs.load(CADMUS), brought_with(packs.load(CADMUS), CADMUS)
    people = cast(pack, brought, Scenario(staff=40), BEGINS).directory.people
    invented = [one for one in people if one.id not in {known.id for known in brought}]
    assert len(people) == 40
    assert all(not one.holdings and one.line_manager for one in invented)
    assert len({one.email for one in people}) == 40


def test_a_role_is_what_one_person_does_whatever_the_shares_say() -> None:
    """Habit, absence and last day are those of the role, counted from the first day."""
    pack, brought = packs.load(CADMUS), brought_with(packs.load(CADMUS), CADMUS)
    role = Role(email="Helen.Marsh@cadmus.example", habit="silent", leaves_on=100, away_from=3, away_for=2)
    year = Scenario(people=(role,), habits=Habits(slow=1.0), absences=Absences(away=50, leaving=4))
    everybody = cast(pack, brought, year, BEGINS)
    (helen,) = everybody.directory.named("Helen Marsh")
    assert everybody.habits[helen.id] == "silent"
    assert helen.leaves_on == date(2027, 3, 2)
    assert [(away.first, away.last) for away in helen.absences] == [(date(2026, 11, 25), date(2026, 11, 26))]


def test_a_pack_without_people_gets_a_holder_for_each_seat() -> None:
    """A pack whose demo is not there yet can be rehearsed too."""
    pack = packs.load(CADMUS)
    held = {(held.school, held.seat) for one in brought_with(pack, CADMUS / "forms") for held in one.holdings}
    assert held == {
        (school.key, seat.key) for school in pack.organisation.schools for seat in pack.seats if seat.from_field is None
    }
