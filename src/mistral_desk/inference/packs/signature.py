"""Who vouches for an engine pack: an Ed25519 signature over its manifest, by a key that the program was built with.

The library is imported only when a pack is looked at.
"""
# ruff: noqa: PLC0415

from __future__ import annotations

import base64
import binascii
from typing import Final

from mistral_desk.core.errors import DeskError
from mistral_desk.core.paths import resource

KEYS: Final = "engine-keys.txt"
"""A resource that whoever makes the bundle writes: public keys in base64, one a line; a source tree has none."""
BYTES: Final = 96
"""Of a signature's file: the signer's public key, then what the key made of the manifest."""
_ABOUT: Final = b"Mistral Desk engine pack 1\n"
"""Stands before what is signed, so that nothing else that the key ever signed passes for a pack."""
_KEY_BYTES: Final = 32


def signed(manifest: bytes) -> bytes:
    """What the signature of a manifest is made over."""
    return _ABOUT + manifest


def known_keys() -> tuple[bytes, ...]:
    """The public keys that this program was built with."""
    try:
        lines = resource(KEYS).read_text(encoding="ascii").split()
    except (DeskError, OSError, ValueError):
        return ()
    found = []
    for line in lines:
        try:
            key = base64.b64decode(line, validate=True)
        except binascii.Error:
            continue
        if len(key) == _KEY_BYTES:
            found.append(key)
    return tuple(found)


def signer(manifest: bytes, signature: bytes, name: str) -> bytes:
    """The public key that signed this manifest, empty where nobody did. `name` is the pack's file, for the words.

    Raises `pack.bad_signature` where there is a signature and it is not this manifest's.
    """
    if not signature:
        return b""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    key, made = signature[:_KEY_BYTES], signature[_KEY_BYTES:]
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(made, signed(manifest))  # refuses other lengths of both
    except (InvalidSignature, ValueError) as error:
        raise DeskError("pack.bad_signature", repr(error), name=name) from error
    return key
