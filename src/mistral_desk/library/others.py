"""Finds the models in other programs' folders, each in its program's layout. Nothing is written there, ever.

Names come from files of others, so each is looked at before it becomes a path. Everything here blocks; `stop` ends it.
"""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from msgspec.structs import replace

from mistral_desk.catalog import facts
from mistral_desk.catalog.hub_files import quantization_of
from mistral_desk.core.errors import Problem
from mistral_desk.core.words import mark
from mistral_desk.inference.model_ids import OLLAMA
from mistral_desk.inference.projector_file import MARK
from mistral_desk.library import disk
from mistral_desk.library.part import StoppedError
from mistral_desk.library.programs import small_object
from mistral_desk.library.scan import ENDING, grouped, shown
from mistral_desk.library.shelf_file import Installed, LibraryFile

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator

    from mistral_desk.library.shelf_file import Origin

Found = tuple[Installed, "Problem | None"]

GONE: Final = mark("a file of it is missing")
SHORT: Final = mark("a file of it is not complete")
ADAPTED: Final = mark("it only works together with an adapter")
NO_FILE: Final = mark("it is not one GGUF file")

_DEEPEST: Final = 6
_MOST: Final = 20_000
"""Files that are looked at in one folder: a whole disk is nobody's model cache."""
_OWNER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}")
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_DIGEST: Final = re.compile(r"sha256[:-]([0-9a-fA-F]{64})")
_MODEL: Final = "application/vnd.ollama.image.model"
_PROJECTOR: Final = "application/vnd.ollama.image.projector"
_ADAPTER: Final = "application/vnd.ollama.image.adapter"
_PUBLIC: Final = frozenset({"registry.ollama.ai", "ollama.com"})
_HUBS: Final = frozenset({"hf.co", "huggingface.co"})


def huggingface(cache: Path, stop: threading.Event) -> Iterator[Found]:
    """`models--OWNER--NAME/snapshots/COMMIT/PATH` are links to `blobs/HASH`, or the files themselves where a system has
    no links; `refs/main` names the newest commit. The hash of a large file is its SHA-256.
    """
    for repository in _names(cache, stop):
        kind, _, rest = repository.partition("--")
        owner, _, name = rest.partition("--")
        if kind != "models" or not _OWNER.fullmatch(owner) or not _OWNER.fullmatch(name):
            continue
        folder, taken = cache / repository, set[str]()
        for commit in _commits(folder, stop):
            top = folder / "snapshots" / commit
            for here, names in _walk(top, stop):
                fresh = [one for one in names if str((here / one).relative_to(top)) not in taken]
                taken.update(str((here / one).relative_to(top)) for one in fresh)
                files = {one: _snapshot_file(here / one, top, f"{owner}/{name}") for one in fresh}
                dangling = {one for one, file in files.items() if file is None}
                whole = {one: file or LibraryFile(str(here / one), 0) for one, file in files.items()}
                for model in grouped(here, whole, above=False):
                    broken = any(Path(file.path).name in dangling for file in model.files)
                    yield _named(model, "huggingface", f"{owner}/{name}"), _unusable(model, GONE) if broken else None


def llamacpp(cache: Path, stop: threading.Event) -> Iterator[Found]:
    """Files `OWNER_NAME_FILE.gguf` beside lists `manifest=OWNER=NAME=TAG.json` that say which of them belong together;
    newer versions keep the layout of Hugging Face's cache.
    """
    yield from ((replace(model, origin="llamacpp"), problem) for model, problem in huggingface(cache, stop))
    names = {name for name in _names(cache, stop) if name.lower().endswith(ENDING)}
    files = {name: file for name in sorted(names) if (file := _file(cache / name)) is not None}
    eyes: dict[str, tuple[str, str]] = {}
    for name in _names(cache, stop):
        parts = name.removesuffix(".json").split("=")
        if len(parts) != 4 or parts[0] != "manifest" or not all(map(_OWNER.fullmatch, parts[1:3])):
            continue
        manifest = small_object(cache / name) or {}
        owner, repository = parts[1], parts[2]
        main, projector = (_cached(owner, repository, manifest.get(key)) for key in ("ggufFile", "mmprojFile"))
        if main in files:
            eyes[main] = (f"{owner}/{repository}", projector)
            digest = _stated(manifest.get("ggufFile"), files[main].bytes)
            files[main] = replace(files[main], repository=f"{owner}/{repository}", sha256=digest)
    for model in grouped(cache, files, above=False):
        repository, projector = eyes.get(Path(model.path).name, ("", ""))
        seeing = replace(model, projector=files.get(projector))
        yield _named(seeing, "llamacpp", repository), None


def lmstudio(models: Path, stop: threading.Event) -> Iterator[Found]:
    """`OWNER/NAME/FILE.gguf`, as on the hub; people link folders into it."""
    for here, names in _walk(models, stop, links=True):
        parts = here.relative_to(models).parts
        repository = "/".join(parts[:2]) if len(parts) >= 2 and all(map(_OWNER.fullmatch, parts[:2])) else ""
        files = {name: file for name in names if (file := _file(here / name)) is not None}
        for model in grouped(here, files, above=False):
            yield _named(model, "lmstudio", repository), None


def ollama(models: Path, stop: threading.Event) -> Iterator[Found]:
    """`manifests/HOST/OWNER/NAME/TAG` lists layers by their SHA-256, which lie in `blobs/sha256-HASH`. Since version
    0.40 `manifests-v2` goes before it, and a manifest may be a list of one for each engine.
    """
    seen: set[str] = set()
    for generation in ("manifests-v2", "manifests"):
        top = models / generation
        for host in _names(top, stop):
            for owner in _names(top / host, stop):
                for name in _names(top / host / owner, stop):
                    for tag in _names(top / host / owner / name, stop):
                        called = _called(unquote(host), owner, name, tag)
                        if called[0] in seen:
                            continue
                        found = _layers(models, small_object(top / host / owner / name / tag))
                        if found is not None:
                            seen.add(called[0])
                            yield _of_ollama(models, called, *found)


def _of_ollama(models: Path, called: tuple[str, str, str], layers: list[tuple[str, str, int]], kind: str) -> Found:
    id_, title, repository = called
    main = next(((digest, size) for media, digest, size in layers if media == _MODEL), None)
    digest, size = main or ("", 0)
    path = models / "blobs" / f"sha256-{digest}"
    eyes = next(((digest, size) for media, digest, size in layers if media == _PROJECTOR), None)
    model = Installed(
        id=id_,
        path=str(path if main else models / title),
        title=shown(title),
        name=title,
        folder=str(models),
        files=(LibraryFile(str(path), size, digest, repository),) if main else (),
        projector=LibraryFile(str(models / "blobs" / f"sha256-{eyes[0]}"), eyes[1], eyes[0]) if eyes else None,
        origin="ollama",
        quantization=kind,
        repository=repository,
    )
    if main is None or [media for media, _, _ in layers].count(_MODEL) > 1:
        return model, _unusable(model, NO_FILE)
    if any(media == _ADAPTER for media, _, _ in layers):
        return model, _unusable(model, ADAPTED)
    there = _file(path)
    if there is None:
        return model, _unusable(model, GONE)
    return model, None if there.bytes == size else _unusable(model, SHORT)


def _layers(models: Path, manifest: dict[str, object] | None) -> tuple[list[tuple[str, str, int]], str] | None:
    """Layers as kind, hash and size, and the quantization; None for what is no manifest, or none of a model on this
    computer.
    """
    for _ in range(2):
        children = manifest.get("manifests") if manifest else None
        if not isinstance(children, list):
            break
        listed = [child for child in children if isinstance(child, dict)]
        best = next((one for kind in ("ggml", "llamacpp") for one in listed if one.get("runner") == kind), None)
        digest = _DIGEST.fullmatch(str((best or {}).get("digest", "")))
        manifest = small_object(models / "blobs" / f"sha256-{digest[1].lower()}") if digest else None
    layers = manifest.get("layers") if manifest else None
    if not isinstance(layers, list):
        return None
    found = []
    for layer in layers[:1000]:
        digest = _DIGEST.fullmatch(str(layer.get("digest", ""))) if isinstance(layer, dict) else None
        size = layer.get("size") if isinstance(layer, dict) else None
        if digest and isinstance(size, int):
            found.append((str(layer.get("mediaType", "")), digest[1].lower(), size))
    if not any(media.startswith("application/vnd.ollama.image.") for media, _, _ in found):
        return None
    if not any(media == _MODEL or media.endswith(".tensor") for media, _, _ in found):
        return None  # it runs on somebody else's computers
    settings = manifest.get("config") if manifest else None
    digest = _DIGEST.fullmatch(str(settings.get("digest", ""))) if isinstance(settings, dict) else None
    said = small_object(models / "blobs" / f"sha256-{digest[1].lower()}") if digest else None
    kind = (said or {}).get("file_type")
    return found, quantization_of(f"x-{kind}.gguf") if isinstance(kind, str) else ""


def _called(host: str, owner: str, name: str, tag: str) -> tuple[str, str, str]:
    """Id, title and repository of a model in Ollama's folder."""
    if host.lower() in _HUBS and _OWNER.fullmatch(owner) and _OWNER.fullmatch(name):
        return f"{owner}/{name}:{tag}", facts.called(f"{owner}/{name}", tag), f"{owner}/{name}"
    short = f"{name}:{tag}" if owner == "library" else f"{owner}/{name}:{tag}"
    whole = short if host.lower() in _PUBLIC else f"{host}/{owner}/{name}:{tag}"
    return f"{OLLAMA}{whole}", whole, ""


def _named(model: Installed, program: Origin, repository: str) -> Installed:
    """The same with the name that the hub has for it, where that is known."""
    if not repository:
        return replace(model, origin=program)
    kind = quantization_of(Path(model.path).name) or model.name
    title = facts.called(repository, kind)
    return replace(model, id=f"{repository}:{kind}", title=title, origin=program, repository=repository)


def _unusable(model: Installed, reason: str) -> Problem:
    return Problem("library.unusable", {"name": model.title, "reason": reason})


def _commits(repository: Path, stop: threading.Event) -> list[str]:
    """The snapshots of a repository, the newest first."""
    there = list(_names(repository / "snapshots", stop))
    try:
        with open(repository / "refs" / "main", encoding="ascii", errors="replace", opener=disk.opened) as file:
            main = file.read(80).strip()
    except OSError:
        main = ""

    def age(commit: str) -> tuple[bool, float]:
        try:
            return commit != main, -(repository / "snapshots" / commit).stat().st_mtime
        except OSError:
            return True, 0.0

    return sorted(there, key=age)


def _snapshot_file(path: Path, top: Path, repository: str) -> LibraryFile | None:
    """A file of a snapshot, whose folder is called by its commit; None where its blob is not there."""
    file = _file(path)
    if file is None:
        return None
    blob = Path(os.path.realpath(path)).name.lower()
    sha256 = blob if path.is_symlink() and _SHA256.fullmatch(blob) else ""
    origin = path.relative_to(top).as_posix()
    return replace(file, sha256=sha256, repository=repository, revision=top.name, origin=origin)


def _file(path: Path) -> LibraryFile | None:
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    return LibraryFile(str(path), status.st_size) if stat.S_ISREG(status.st_mode) else None


def _cached(owner: str, repository: str, listed: object) -> str:
    """The name in llama.cpp's cache of a file that its list names; empty where it names none."""
    name = listed.get("rfilename") if isinstance(listed, dict) else None
    return f"{owner}_{repository}_{name.replace('/', '_')}" if isinstance(name, str) else ""


def _stated(listed: object, size: int) -> str:
    """The SHA-256 that llama.cpp's list states for a file of this size; empty where it states none."""
    large = listed.get("lfs") if isinstance(listed, dict) else None
    if not isinstance(large, dict) or large.get("size") != size:
        return ""
    sha256 = str(large.get("sha256", "")).lower()
    return sha256 if _SHA256.fullmatch(sha256) else ""


def _names(folder: Path, stop: threading.Event) -> Iterator[str]:
    """What is in a folder, sorted; nothing where it cannot be looked into."""
    try:
        names = sorted(entry.name for entry in os.scandir(folder))
    except (OSError, ValueError):
        return
    for name in names[:_MOST]:
        if stop.is_set():
            raise StoppedError
        if not name.startswith("."):
            yield name


def _walk(top: Path, stop: threading.Event, *, links: bool = False) -> Iterator[tuple[Path, list[str]]]:
    """Folders with model files, those that are half fetched left out, and the files' names. A circle of `links` to
    folders ends at the depth that everything ends at.
    """
    seen = 0
    for folder, folders, names in os.walk(top, followlinks=links):
        if stop.is_set():
            raise StoppedError
        here = Path(folder)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        seen += len(names)
        if len(here.relative_to(top).parts) >= _DEEPEST or seen > _MOST:
            folders.clear()
        models = [n for n in names if n.lower().endswith(ENDING) and not n.startswith(("downloading_", "."))]
        if models:
            yield here, sorted(models, key=lambda name: (MARK in name.lower(), name.casefold()))
