"""Makes engine packs, and the keys that sign them: `python -m tools.package.engine_pack --help`.

docs/engine-packs.md says what a pack is. The secret key never comes near a bundle; its public half is a build value.
"""

from __future__ import annotations

import argparse
import base64
import os
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast, get_args

import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from mistral_desk.core.errors import DeskError
from mistral_desk.inference.packs import manifest, signature
from mistral_desk.inference.packs.archive import Pack
from tools.dev.engine_wheel import digest_of
from tools.package import engine

if TYPE_CHECKING:
    from collections.abc import Sequence

WHEN: Final = (1980, 1, 1, 0, 0, 0)
"""The time of every entry: the same libraries make the same pack."""


def main(words: Sequence[str] | None = None) -> int:
    """Carry out a command; 0, or 1 where it failed."""
    parser = argparse.ArgumentParser(prog="engine_pack", description=__doc__, allow_abbrev=False)
    commands = parser.add_subparsers(dest="command", required=True)
    key = commands.add_parser("key", help="make a key: the secret half into FILE, the public one to stdout")
    key.add_argument("file", type=Path, metavar="FILE")
    make = commands.add_parser("make", help="make a pack of llama.cpp's libraries")
    make.add_argument("source", type=Path, metavar="FOLDER|WHEEL", help="libraries, or a wheel of llama-cpp-python")
    make.add_argument("pack", type=Path, metavar="PACK.zip")
    make.add_argument("--name", required=True, help="small letters, digits, dots and dashes")
    make.add_argument("--commit", required=True, help="llama.cpp's, in hexadecimal digits")
    make.add_argument("--kind", required=True, choices=get_args(manifest.Kind))
    make.add_argument("--key", type=Path, metavar="FILE", help="sign it with this secret key")
    asked = parser.parse_args(words)
    try:
        if asked.command == "key":
            sys.stdout.write(new_key(asked.file) + "\n")
        else:
            secret = read_key(asked.key) if asked.key else None
            said = {"name": asked.name, "commit": asked.commit, "kind": asked.kind}
            made = make_pack(asked.source, asked.pack, **said, secret=secret)
            sys.stdout.write(f"{asked.pack}: {made.name}, {len(made.files)} files, {made.bytes} bytes\n")
    except (DeskError, OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def new_key(file: Path) -> str:
    """Write a new secret key that only this person may read; the public one in base64."""
    made = Ed25519PrivateKey.generate()
    form = serialization.PrivateFormat.PKCS8
    content = made.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as target:
        target.write(content)
    return base64.b64encode(public(made)).decode("ascii")


def read_key(file: Path) -> Ed25519PrivateKey:
    """A secret key from its file. Raises `ValueError` for another kind of key."""
    made = serialization.load_pem_private_key(file.read_bytes(), None)
    if not isinstance(made, Ed25519PrivateKey):
        raise ValueError(f"{file} holds no Ed25519 key")  # noqa: TRY004 - a file's content, not an argument's type
    return made


def public(secret: Ed25519PrivateKey) -> bytes:
    """The public half of a key."""
    return secret.public_key().public_bytes_raw()


def make_pack(
    source: Path,
    pack: Path,
    *,
    name: str,
    commit: str,
    kind: manifest.Kind,
    secret: Ed25519PrivateKey | None,
    level: int = 6,
) -> manifest.Manifest:
    """Make a pack for this computer's system and processor, and read it as the program will. Raises `pack.…`."""
    with tempfile.TemporaryDirectory(prefix="engine-pack-") as work:
        folder = source if source.is_dir() else engine.lay_out(source, Path(work) / "lib")
        files = {one.name: one for one in sorted(folder.iterdir()) if one.is_file()}
        listed = tuple(_described(name, file) for name, file in files.items())
        made = manifest.Manifest(
            format=manifest.FORMAT,
            name=name,
            llama_cpp=commit,
            binding=manifest.binding(),
            system=cast("manifest.System", manifest.system()),  # another one would not be read back
            machine=cast("manifest.Machine", manifest.machine()),
            kind=kind,
            files=listed,
        )
        content = msgspec.json.format(msgspec.json.encode(made), indent=1)
        signed = public(secret) + secret.sign(signature.signed(content)) if secret else b""
        write(pack, content, signed, files, level)
    with Pack(pack) as again:
        return again.made


def write(pack: Path, content: bytes, signed: bytes, files: dict[str, Path], level: int = 6) -> None:
    """Put a manifest, its signature and the files into a pack; `level` 0 does not make it smaller."""
    with zipfile.ZipFile(pack, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as archive:
        archive.writestr(_entry(manifest.FILE), content)
        if signed:
            archive.writestr(_entry(manifest.SIGNATURE), signed)
        for name, file in files.items():
            entry = _entry(f"{manifest.LIBRARIES}/{name}")
            with file.open("rb") as library, archive.open(entry, "w") as target:
                while piece := library.read(1 << 20):
                    target.write(piece)


def _described(name: str, file: Path) -> manifest.Library:
    return manifest.Library(name, file.stat().st_size, digest_of(file))


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, WHEN)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o100644 << 16
    return entry


if __name__ == "__main__":
    sys.exit(main())
