"""Which advice of the LADO clears a disciplinary case: the latest about each allegation, and no other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.allegations import Clearance, Permit
from domain.clearing import clearing, clears
from domain.entries import LadoAdviceRecorded, PoliceContacted
from domain.events import AnyEvent

CONTACT = PoliceContacted(method="phone", spoke_to="Pat")
PERMITS: tuple[Permit, ...] = ("investigate", "open_disciplinary")


def advice(*allegations: str, permits: tuple[Permit, ...] = PERMITS) -> LadoAdviceRecorded:
    """Return advice about `allegations`."""
    return LadoAdviceRecorded(
        allegations=allegations, giver="Lou", method="phone", advice="employer_investigation", permits=permits
    )


def clearance(n: int, *allegations: str) -> Clearance:
    """Return what names the `n`th event."""
    return Clearance(case="c-1", n=n, hash="h", allegations=allegations)


@pytest.mark.meets("ALLEG-04")
@pytest.mark.parametrize(
    ("past", "given", "about", "clear"),
    [
        ((advice("a1"),), clearance(1, "a1"), ("a1",), True),
        ((CONTACT, advice("a1", "a2")), clearance(2, "a1"), ("a1", "a2"), True),
        ((advice("a1"), advice("a2")), clearance(1, "a1"), ("a1", "a2"), True),
        ((advice("a1"), advice("a1")), clearance(2, "a1"), ("a1",), True),
        ((advice("a1"), CONTACT), clearance(2, "a1"), ("a1",), False),
        ((advice("a1"), advice("a1")), clearance(1, "a1"), ("a1",), False),
        ((advice("a1"), advice("a1", permits=("investigate",))), clearance(1, "a1"), ("a1",), False),
        ((advice("a1"), advice("a1", permits=("investigate",))), clearance(2, "a1"), ("a1",), False),
        ((advice("a1"),), clearance(1, "a2"), (), False),
        ((advice("a1"),), clearance(1), (), False),
        ((advice("a1"),), clearance(1, "a1"), ("a1", "a2"), False),
        ((advice("a1"), advice("a2", permits=())), clearance(1, "a1"), ("a1", "a2"), False),
        ((), clearance(1, "a1"), ("a1",), False),
    ],
)
def test_only_the_latest_advice_that_permits_it_clears(
    past: tuple[AnyEvent, ...], given: Clearance, about: tuple[str, ...], clear: bool
) -> None:
    assert clears(given, past, about) is clear


_SOME = st.lists(st.sampled_from(["a1", "a2", "a3"]), min_size=1, unique=True).map(tuple)
_PERMITS: st.SearchStrategy[tuple[Permit, ...]] = st.sampled_from([(), ("investigate",), PERMITS])
_EVENTS = st.one_of(st.just(CONTACT), st.builds(lambda keys, permits: advice(*keys, permits=permits), _SOME, _PERMITS))


@given(st.lists(_EVENTS, max_size=8), _SOME)
def test_advice_that_permits_nothing_takes_back_what_it_is_about_and_nothing_else(
    past: list[AnyEvent], keys: tuple[str, ...]
) -> None:
    before = clearing(past)
    assert clearing([*past, advice(*keys, permits=())]) == {key: n for key, n in before.items() if key not in keys}
