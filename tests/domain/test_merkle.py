"""The tree over all chains: who is in it can prove it, and nobody can tell how many are."""

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from domain.merkle import LEAST, leaf_hash, node_hash, path, root, root_by, tree

LEAVES = st.sets(st.binary(max_size=8), min_size=1, max_size=40)


def test_leaves_and_nodes_are_hashed_as_rfc_6962_has_it() -> None:
    empty = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert leaf_hash(b"").hex() == empty
    two = leaf_hash(b"a"), leaf_hash(b"b")
    assert node_hash(*two) == hashlib.sha256(b"\x01" + two[0] + two[1]).digest()


@given(data=LEAVES, padding=st.binary(min_size=32, max_size=32))
def test_the_way_from_every_leaf_leads_to_the_root_and_from_no_other(data: set[bytes], padding: bytes) -> None:
    leaves = [leaf_hash(one) for one in sorted(data)]
    levels = tree(leaves, padding)
    for leaf in leaves:
        index = levels[0].index(leaf)
        assert root_by(leaf, index, path(levels, index)) == root(levels)
        assert root_by(leaf_hash(b"another, which is longer"), index, path(levels, index)) != root(levels)
        assert root_by(leaf, index ^ 1, path(levels, index)) != root(levels)


@given(data=LEAVES, other=LEAVES)
def test_trees_of_few_and_of_more_have_as_many_leaves_in_the_order_of_their_hashes(
    data: set[bytes], other: set[bytes]
) -> None:
    first, second = (tree(map(leaf_hash, one), bytes(32)) for one in (data, other))
    assert len(first[0]) == len(second[0]) == LEAST
    assert list(first[0]) == sorted(first[0])


def test_an_empty_tree_has_a_root_too_and_one_beyond_its_size_doubles_it() -> None:
    assert len(tree((), bytes(32))[0]) == LEAST
    many = [leaf_hash(number.to_bytes(4, "big")) for number in range(LEAST + 1)]
    assert len(tree(many, bytes(32))[0]) == 2 * LEAST
