"""What the bundle is made of, for programs that look for known faults: a CycloneDX 1.6 document beside the packages.

    python -m tools.package.sbom BUNDLE FILE VERSION SECONDS

Read from the bundle itself, so that it names what really goes along; `SECONDS` since 1970 is when the source was made.
The form is https://cyclonedx.org/docs/1.6/json/. The same bundle gives the same bytes.
"""

from __future__ import annotations

import importlib.metadata
import json
import platform
import re
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from mistral_desk.core.components import licence_of
from tools.dev.engine_wheel import digest_of
from tools.package.engine import RECIPE
from tools.package.trimming import LEFT_OUT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

NAME: Final = "mistral-desk"
_LIBRARY: Final = re.compile(r"\.(so(\.[\d.]+)?|dll|dylib|pyd)$")
_SPDX: Final = frozenset({
    *("MIT", "MIT-0", "MIT-CMU", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0", "PSF-2.0", "OFL-1.1", "MPL-2.0", "ISC"),
    *("Zlib", "0BSD", "Unlicense", "LGPL-3.0-only", "GPL-2.0-only", "GPL-3.0-only", "AND", "OR"),
})  # fmt: skip
"""The names of SPDX's that packages here use; what is called otherwise is no expression."""
_FONTS: Final = ("Inter", "JetBrains Mono")

Part = dict[str, Any]


def document(bundle: Path, version: str, when: int) -> Part:
    """The whole of it."""
    lib = bundle / "lib"
    packages = {part["name"]: part for part in _packages(lib)}
    parts = [*packages.values(), _engine(lib), _python(lib), _qt(lib, packages), *_fonts()]
    parts += _models(lib)
    known = {one["name"] for part in parts for one in part.get("components", ())}
    parts += _of_the_system(file for file in _libraries(lib) if file.name not in known)
    listed = sorted(parts, key=lambda part: (part["type"], part["name"].casefold()))
    own = {
        "type": "application",
        "bom-ref": f"{NAME}@{version}",
        "name": NAME,
        "version": version,
        "licenses": [{"license": {"id": "Apache-2.0"}}],
    }
    body = {
        "metadata": {"timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(when)), "component": own},
        "components": listed,
        "dependencies": [{"ref": own["bom-ref"], "dependsOn": [part["bom-ref"] for part in listed]}],
    }
    number = uuid.uuid5(uuid.NAMESPACE_OID, json.dumps(body, sort_keys=True))
    return {"bomFormat": "CycloneDX", "specVersion": "1.6", "serialNumber": f"urn:uuid:{number}", "version": 1, **body}


def licences(text: str) -> list[Part]:
    """A licence as the form has it: an expression of SPDX's where it is one, else its name; nothing for nothing."""
    text = text.strip()
    if not text:
        return []
    words = text.replace("(", " ").replace(")", " ").split()
    return [{"expression": text}] if _SPDX.issuperset(words) else [{"license": {"name": text}}]


def _part(kind: str, name: str, version: str, licence: str, **more: object) -> Part:
    made: Part = {"type": kind, "bom-ref": f"{name}@{version}" if version else name, "name": name}
    if version:
        made["version"] = version
    if said := licences(licence):
        made["licenses"] = said
    return {**made, **{key: value for key, value in more.items() if value}}


def _packages(lib: Path) -> Iterator[Part]:
    """Python's packages, each with the libraries of others that its wheel brings along."""
    for folder in sorted(lib.glob("*.dist-info")):
        found = importlib.metadata.PathDistribution(folder)
        name, version = found.name, found.version
        if name == NAME:
            continue
        place = re.sub(r"[-_.]+", "-", name).lower()
        brought = [_file(file) for file in _libraries(lib) if file.parent.name == f"{place}.libs"]
        brought += _told(name)
        yield _part("library", name, version, licence_of(found), purl=f"pkg:pypi/{place}@{version}", components=brought)


def _told(name: str) -> Iterator[Part]:
    """What a package's own documents say of code of others that was compiled into it."""
    try:
        found = importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return
    if "Root-Is-Purelib: true" in (found.read_text("WHEEL") or ""):
        return  # then they name its makers' tools
    for file in found.files or ():
        if file.parent.name == "sboms" and file.suffix == ".json":
            for one in json.loads(file.read_text(encoding="utf-8"))["components"]:
                if one["name"].partition(".")[0].casefold() not in {name.casefold(), "pil", *LEFT_OUT}:
                    yield {key: one[key] for key in ("type", "name", "version", "licenses", "purl") if one.get(key)}


def _file(file: Path) -> Part:
    return {"type": "file", "name": file.name, "hashes": [{"alg": "SHA-256", "content": digest_of(file)}]}


def _libraries(folder: Path) -> list[Path]:
    return [file for file in sorted(folder.rglob("*")) if _LIBRARY.search(file.name) and not file.is_symlink()]


def _engine(lib: Path) -> Part:
    said = json.loads(RECIPE.read_text(encoding="utf-8"))["llama.cpp"]
    files = [_file(file) for file in _libraries(lib / "llama_cpp" / "lib") if not file.name.startswith("libgomp")]
    return _part(
        "library",
        "llama.cpp",
        said["commit"],
        "MIT",
        purl=f"pkg:github/ggml-org/llama.cpp@{said['commit']}",
        components=files,
    )


def _python(lib: Path) -> Part:
    files = [_file(file) for file in _libraries(lib) if re.match(r"(lib)?python3", file.name)]
    return _part("platform", "Python", platform.python_version(), "PSF-2.0", components=files)


def _qt(lib: Path, packages: dict[str, Part]) -> Part:
    version = next((part["version"] for name, part in packages.items() if name.lower().startswith("pyside6")), "")
    files = [_file(file) for file in _libraries(lib / "PySide6") if re.match(r"(lib)?(Qt6|icu)", file.name)]
    return _part("framework", "Qt", version, "LGPL-3.0-only", purl=f"pkg:generic/qt@{version}", components=files)


def _fonts() -> Iterator[Part]:
    for name in _FONTS:
        yield _part("data", name, "", "OFL-1.1")


def _models(lib: Path) -> Iterator[Part]:
    """The built-in model."""
    for file in sorted((lib / "resources" / "model").glob("*.gguf")):
        yield {**_part("machine-learning-model", file.name, "", "Apache-2.0"), "hashes": _file(file)["hashes"]}


def _of_the_system(files: Iterable[Path]) -> Iterator[Part]:
    """What the building system lends, by its packages; where it names none, the files belong to a package of ours."""
    owned: dict[tuple[str, str], list[Path]] = {}
    for file in files:
        lent = file.name.startswith("lib") and (file.parent.name == "lib" or file.name.startswith("libgomp"))
        if lent and (owner := _owner(file.name)):
            owned.setdefault(owner, []).append(file)
    for (name, version), held in sorted(owned.items()):
        made = _part("library", name, version, "", purl=f"pkg:deb/debian/{name}@{quote(version, safe='')}")
        if (text := Path("/usr/share/doc", name, "copyright")).is_file():
            licence = re.search(r"^License: *(.+)", text.read_text("utf-8", "replace"), re.MULTILINE)
            if licence:  # Debian's names are not SPDX's
                made["licenses"] = [{"license": {"name": licence[1]}}]
        yield {**made, "components": [_file(file) for file in held]}


def _owner(file: str) -> tuple[str, str] | None:
    """The Debian package that a library's file comes from, with its version."""
    try:
        found = subprocess.run(["dpkg", "-S", f"*/{file}"], check=False, capture_output=True, encoding="utf-8")
        name = found.stdout.partition(":")[0].partition(",")[0].strip()
        if not name:
            return None
        asked = ["dpkg-query", "-W", "-f", "${Version}", name]
        return name, subprocess.run(asked, check=False, capture_output=True, encoding="utf-8").stdout.strip()
    except OSError:
        return None


def main(words: Sequence[str]) -> int:
    """Write the document."""
    bundle, target, version, when = words
    text = json.dumps(document(Path(bundle), version, int(when)), indent=1, ensure_ascii=False)
    Path(target).write_text(text + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
