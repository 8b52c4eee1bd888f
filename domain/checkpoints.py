"""Checkpoints: a signed word about all chains at once, so that nobody shortens one afterwards, and proofs from them.

A checkpoint says nothing of any case: not that there is one, nor how many there are.
"""

import hashlib
import re
from datetime import UTC, datetime
from typing import Final

from pydantic import Field

from domain.base import Frozen
from domain.chain import canonical
from domain.merkle import leaf_hash

FORMAT: Final = "duly-checkpoint/1"
FIRST: Final = "0" * 64
"""What the first checkpoint has for the digest of the one before it."""

_HEX: Final = r"^[0-9a-f]{64}$"
_LINES: Final = re.compile(
    r"duly-checkpoint/1\nnumber ([1-9][0-9]{0,8})\nat ([0-9T:.+-]{20,40})\nleaves ([1-9][0-9]{0,9})\n"
    r"root ([0-9a-f]{64})\nprevious ([0-9a-f]{64})\nkey ([0-9a-f]{64})\nsignature ([0-9a-f]{128})\n"
)


class Checkpoint(Frozen):
    """The `n`th checkpoint, from 1: the root of a tree over the heads of all chains at a moment (UTC).

    `leaves` is how many the tree has, those included that stand for no case; `previous` is the digest of the text of
    the checkpoint before it, `key` the public key of whoever signs (hex).
    """

    n: int = Field(ge=1)
    at: datetime
    leaves: int = Field(ge=1)
    root: str = Field(pattern=_HEX)
    previous: str = Field(pattern=_HEX)
    key: str = Field(pattern=_HEX)

    def to_sign(self) -> bytes:
        """Return what is signed: the text of the checkpoint up to its last line."""
        lines = (
            FORMAT,
            f"number {self.n}",
            f"at {self.at.astimezone(UTC).isoformat()}",
            f"leaves {self.leaves}",
            f"root {self.root}",
            f"previous {self.previous}",
            f"key {self.key}",
        )
        return "".join(f"{line}\n" for line in lines).encode()

    def text(self, signature: str) -> str:
        """Return the whole text of the checkpoint, with its signature (hex) as the last line."""
        return f"{self.to_sign().decode()}signature {signature}\n"


class UnreadableCheckpointError(ValueError):
    """A text is no checkpoint, or not a whole one."""


def read(text: str) -> tuple[Checkpoint, str]:
    """Return the checkpoint that `text` is, and its signature, which is not checked here.

    Raises:
        UnreadableCheckpointError: it is none, or was cut or written in another way.
    """
    found = _LINES.fullmatch(text)
    if found is None:
        msg = "the text is not that of a whole checkpoint"
        raise UnreadableCheckpointError(msg)
    n, at, leaves, root, previous, key, signature = found.groups()
    try:
        checkpoint = Checkpoint(
            n=int(n), at=datetime.fromisoformat(at), leaves=int(leaves), root=root, previous=previous, key=key
        )
    except ValueError:
        msg = "the text of the checkpoint names no moment"
        raise UnreadableCheckpointError(msg) from None
    if checkpoint.text(signature) != text:
        msg = "the text of the checkpoint is not written in the one way in which they are"
        raise UnreadableCheckpointError(msg)
    return checkpoint, signature


def digest(text: str) -> str:
    """Return the digest by which the next checkpoint knows this one."""
    return hashlib.sha256(text.encode()).hexdigest()


def file_name(checkpoint: Checkpoint) -> str:
    """Return how the file of a checkpoint is called, so that files in the order of their names are in their order."""
    return f"{checkpoint.n:09}-{checkpoint.at.astimezone(UTC):%Y-%m-%d}.txt"


def case_leaf(case: str, count: int, head: str) -> bytes:
    """Return the leaf (its hash) that stands for a case whose chain has `count` events and ends in `head`."""
    opaque = hashlib.sha256(b"duly/checkpoint-case/v1" + case.encode()).hexdigest()
    return leaf_hash(canonical({"case": opaque, "count": count, "head": head}).encode())
