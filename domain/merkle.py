"""A tree of hashes over many things, and the proof that one of them is in it, as RFC 6962 hashes them.

The number of leaves is always a power of two, and leaves stand in the order of their hashes: what fills the tree up
cannot be told from what is in it, so a proof says neither how many things there are nor when each came.
"""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Final, TypeAlias

LEAST: Final = 1024
"""As many leaves as a tree has at least."""

Levels: TypeAlias = tuple[tuple[bytes, ...], ...]
"""The hashes of a tree, level by level: all leaves first, the root alone last."""


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of a leaf that holds `data`."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of what stands above two others."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def tree(leaves: Iterable[bytes], padding: bytes) -> Levels:
    """Return the tree over `leaves` (their hashes), filled up with hashes that only `padding` tells from others."""
    real = list(leaves)
    size = max(LEAST, 1 << max(len(real) - 1, 0).bit_length())
    filling = (leaf_hash(padding + number.to_bytes(4, "big")) for number in range(size - len(real)))
    levels = [tuple(sorted([*real, *filling]))]
    while len(levels[-1]) > 1:
        below = levels[-1]
        levels.append(tuple(node_hash(below[place], below[place + 1]) for place in range(0, len(below), 2)))
    return tuple(levels)


def root(levels: Levels) -> bytes:
    """Return the root of a tree."""
    return levels[-1][0]


def path(levels: Levels, index: int) -> tuple[bytes, ...]:
    """Return what stands beside the way from the leaf at `index` (from 0) to the root, from below."""
    return tuple(level[(index >> height) ^ 1] for height, level in enumerate(levels[:-1]))


def root_by(leaf: bytes, index: int, beside: Sequence[bytes]) -> bytes:
    """Return the root that a tree has which holds `leaf` at `index`, with that `beside` the way."""
    for height, other in enumerate(beside):
        leaf = node_hash(other, leaf) if (index >> height) & 1 else node_hash(leaf, other)
    return leaf
