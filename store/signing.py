"""The key that signs checkpoints and evidence: Ed25519, in a file of its own, never in the database.

The file has a key a line, each as 64 hexadecimal digits: the first signs, the others are former ones whose signatures
still count. Whoever has the file can sign in the school's name.
"""

import hashlib
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey


class SigningKeyError(Exception):
    """The file of the signing key cannot be used; the message says why, and what to do."""


@dataclass(frozen=True)
class SigningKeys:
    """The key that signs, and former ones."""

    first: Ed25519PrivateKey = field(repr=False)
    former: tuple[Ed25519PrivateKey, ...] = field(default=(), repr=False)

    @property
    def public(self) -> str:
        """Return the public key of the one that signs (hex)."""
        return _public(self.first)

    @property
    def former_public(self) -> tuple[str, ...]:
        """Return the public keys of the former ones (hex)."""
        return tuple(map(_public, self.former))

    @property
    def fingerprint(self) -> str:
        """Return what the school publishes: the digest of the public key, in groups that can be read aloud."""
        return grouped(fingerprint(self.public))

    def sign(self, data: bytes) -> str:
        """Return the signature of `data` (hex)."""
        return self.first.sign(data).hex()

    def signed(self, key: str, signature: str, data: bytes) -> bool:
        """Return whether `signature` is that of one of these keys, by its public `key`, under `data`."""
        return key in {self.public, *self.former_public} and is_signed(key, signature, data)


def is_signed(key: str, signature: str, data: bytes) -> bool:
    """Return whether `signature` (hex) was made with the private half of `key` (hex) under `data`."""
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(key)).verify(bytes.fromhex(signature), data)
    except (InvalidSignature, ValueError):
        return False
    return True


def fingerprint(key: str) -> str:
    """Return the digest by which a public key (hex) is known."""
    return hashlib.sha256(bytes.fromhex(key)).hexdigest()


def grouped(digits: str) -> str:
    """Return `digits` in groups of eight."""
    return " ".join(digits[place : place + 8] for place in range(0, len(digits), 8))


def signing_keys(file: Path) -> SigningKeys:
    """Return the keys of `file`, in which one is made now where there is none yet.

    Raises:
        SigningKeyError: it cannot be read or made, others can read it too, or it holds something else.
    """
    try:
        if not file.exists():
            _make(file)
        if file.stat().st_mode & 0o077:
            msg = f"{file} can be read or changed by other users: chmod 600 it"
            raise SigningKeyError(msg)
        lines = file.read_text(encoding="ascii").split()
        first, *former = (Ed25519PrivateKey.from_private_bytes(bytes.fromhex(line)) for line in lines)
    except OSError as error:
        msg = f"{file}, the key that signs, cannot be used: {error.strerror}"
        raise SigningKeyError(msg) from None
    except ValueError:
        msg = f"{file} should hold a key a line, each of 64 hexadecimal digits"
        raise SigningKeyError(msg) from None
    return SigningKeys(first, tuple(former))


def _make(file: Path) -> None:
    """Write a new key to `file` at one stroke: of two that try at once, one wins and both read the same."""
    draft = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
    try:
        draft.touch(mode=0o600)
        draft.write_text(f"{secrets.token_hex(32)}\n", encoding="ascii")
        file.hardlink_to(draft)
    except FileExistsError:
        pass
    finally:
        draft.unlink(missing_ok=True)


def _public(key: Ed25519PrivateKey) -> str:
    return key.public_key().public_bytes_raw().hex()
