"""The chain of a case: whatever is changed, removed or moved is named, and nothing can be guessed from it."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.chain import FIRST, Link, canonical, commitment, first_broken, forge, keeps_its_word, unveiled, veiled

SALT = "00" * 16
SAID = {"kind": (SALT, "approved"), "by": ("11" * 16, "ben"), "comment": ("22" * 16, "Yes, gladly.")}

chains = st.integers(1, 6)


def a_chain(length: int, case: str = "c-1") -> list[Link]:
    """Return a chain of `length` entries, each said in its own minute."""
    links: list[Link] = []
    for n in range(1, length + 1):
        at = f"2026-11-02T09:{n:02}:00+00:00"
        links.append(forge(case, n, at, SAID, links[-1].hash if links else FIRST))
    return links


def changed(link: Link, **more: object) -> Link:
    return link.model_copy(update=more)


def numbers(links: Sequence[Link]) -> list[int]:
    return [link.n for link in links]


@given(chains)
def test_a_chain_as_it_was_forged_holds(length: int) -> None:
    assert first_broken(a_chain(length)) is None


def test_no_chain_at_all_holds() -> None:
    assert first_broken(()) is None


@given(chains, st.data())
def test_one_changed_character_of_an_entry_is_named(length: int, data: st.DataObject) -> None:
    links = a_chain(length)
    broken = data.draw(st.integers(1, length))
    entry = links[broken - 1].entry
    place = data.draw(st.integers(0, len(entry) - 1))
    other = data.draw(st.characters(codec="utf-8").filter(lambda character: character != entry[place]))
    links[broken - 1] = changed(links[broken - 1], entry=entry[:place] + other + entry[place + 1 :])
    assert first_broken(links) == broken


@given(chains, st.data())
def test_a_removed_entry_is_named_by_its_number(length: int, data: st.DataObject) -> None:
    links = a_chain(length + 1)
    removed = data.draw(st.integers(1, length))
    del links[removed - 1]
    assert removed not in numbers(links)
    assert first_broken(links) == removed


@given(st.integers(2, 6), st.data())
def test_two_swapped_entries_are_named_by_the_first(length: int, data: st.DataObject) -> None:
    links = a_chain(length)
    first, second = sorted(data.draw(st.sets(st.integers(1, length), min_size=2, max_size=2)))
    one, other = links[first - 1], links[second - 1]
    links[first - 1], links[second - 1] = other, one
    assert first_broken(links) == first
    links[first - 1], links[second - 1] = changed(other, n=first), changed(one, n=second)
    assert first_broken(links) == first


@pytest.mark.parametrize("field", ["previous", "hash"])
def test_a_changed_hash_is_named(field: str) -> None:
    links = a_chain(3)
    links[1] = changed(links[1], **{field: "f" * 64})
    assert first_broken(links) == 2


def test_an_entry_forged_anew_breaks_the_one_after_it() -> None:
    links = a_chain(3)
    links[1] = forge("c-1", 2, "2026-11-02T09:02:00+00:00", {**SAID, "by": (SALT, "eve")}, links[0].hash)
    assert first_broken(links) == 3


def test_an_entry_of_another_case_is_named() -> None:
    links = a_chain(3)
    links[1] = changed(a_chain(3, case="c-2")[1], case="c-1")
    assert first_broken(links) == 2


@pytest.mark.parametrize("entry", ["", "no JSON", "[1]", '"text"', "1"])
def test_an_entry_that_is_no_entry_is_named(entry: str) -> None:
    links = a_chain(2)
    links[0] = changed(links[0], entry=entry)
    assert first_broken(links) == 1


def test_an_event_keeps_its_word_only_whole() -> None:
    (link,) = a_chain(1)
    assert keeps_its_word(link, SAID)
    assert not keeps_its_word(link, {**SAID, "by": (SAID["by"][0], "eve")})
    assert not keeps_its_word(link, {**SAID, "by": (SALT, "ben")})
    assert not keeps_its_word(link, {**SAID, "more": (SALT, 1)})
    assert not keeps_its_word(link, {"kind": SAID["kind"]})


def test_an_entry_says_nothing_of_what_it_commits_to() -> None:
    (link,) = a_chain(1)
    assert "ben" not in link.entry
    assert "gladly" not in link.entry


def test_without_the_salt_a_value_cannot_be_tried_out() -> None:
    assert commitment(SALT, "approve") != commitment("01" + SALT[2:], "approve")


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.text(st.characters(codec="utf-8")), values, max_size=4))
def test_one_value_has_one_text_whatever_the_order_of_its_keys(value: dict[str, object]) -> None:
    assert canonical(value) == canonical(dict(reversed(value.items())))


@given(st.dictionaries(st.text(st.characters(codec="utf-8"), min_size=1).filter(lambda name: name != "0"), values))
def test_what_is_veiled_is_unveiled_and_its_fields_say_nothing_of_it(said: dict[str, object]) -> None:
    fields = veiled(said)
    assert unveiled(fields) == said
    assert list(fields) == [str(place) for place in range(max(16, len(said)))]


def test_what_was_never_veiled_is_left_as_it_is() -> None:
    assert unveiled({"kind": "approved", "by": "ben"}) == {"kind": "approved", "by": "ben"}
