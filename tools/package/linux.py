"""The packages for Linux from the bundle and what lies in installer/linux: a .deb, an archive, and what they hold."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tarfile
import time
from typing import TYPE_CHECKING, Final

from tools.dev.engine_wheel import digest_of
from tools.dev.steps import Failed
from tools.package.bundle import NAME, Work, built_from, version
from tools.package.icons import SIZES

if TYPE_CHECKING:
    from pathlib import Path

    from tools.dev.steps import Steps

COMPRESSION: Final = ("-Zxz",)
"""As Debian's own packages: a tenth smaller than zstd at its best, and some seconds slower to unpack."""
PLACES: Final = {
    f"{NAME}.desktop": f"applications/{NAME}.desktop",
    f"{NAME}.xml": f"mime/packages/{NAME}.xml",
    f"{NAME}.metainfo.xml": "metainfo/invalid.mistral_desk.mistral_desk.metainfo.xml",
}
"""Where the desktop looks for what installer/linux holds, below `share`."""
ARCHITECTURES: Final = {"x86_64": "amd64", "aarch64": "arm64"}


def debian_version(text: str) -> str:
    """A version of Python's as Debian orders it: `0.1.0.dev0` comes before `0.1.0`, and so must it there."""
    for word in (".dev", "a", "b", "rc"):
        head, found, tail = text.partition(word)
        if found and tail.isdigit():
            return f"{head}~{word.strip('.')}{tail}"
    return text


def packages(work: Work, target: Path, steps: Steps) -> None:
    """Write all of them into the folder `target`, with what is in them and their sums. Raises `Failed`."""
    files = [deb(work, target, steps), archive(work, target, steps), contents(work, target, steps)]
    sums(files)
    for file in files:
        steps.say(f"{file.relative_to(work.place.root)}: {file.stat().st_size / 1e6:.1f} MB")


def deb_name(work: Work) -> str:
    """The name of the .deb."""
    return f"{NAME}_{debian_version(version(work.place))}_{ARCHITECTURES[os.uname().machine]}.deb"


def deb(work: Work, target: Path, steps: Steps) -> Path:
    """Write the .deb into the folder `target`. Raises `Failed`."""
    if shutil.which("dpkg-deb") is None:
        raise Failed("dpkg-deb is not here: the .deb is made on Debian and its relatives.")
    number, architecture = debian_version(version(work.place)), ARCHITECTURES[os.uname().machine]
    file = target / deb_name(work)
    root = work.top / "deb"
    shutil.rmtree(root, ignore_errors=True)
    with steps.step(f"{file.name}"):
        shutil.copytree(work.bundle, root / "usr" / "lib" / NAME, symlinks=True)
        (root / "usr" / "bin").mkdir(parents=True)
        (root / "usr" / "bin" / NAME).symlink_to(f"../lib/{NAME}/{NAME}")
        _shared(work, root / "usr" / "share")
        documents = root / "usr" / "share" / "doc" / NAME
        documents.mkdir(parents=True)
        shutil.copyfile(work.place.root / "LICENSE", documents / "copyright")
        kilobytes = -(-sum(path.lstat().st_size for path in root.rglob("*") if not path.is_dir()) // 1024)
        control = _filled(work, "control", VERSION=number, ARCHITECTURE=architecture, SIZE=str(kilobytes))
        (root / "DEBIAN").mkdir()
        (root / "DEBIAN" / "control").write_text(control, encoding="utf-8")
        sums = [
            f"{hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()}  {path.relative_to(root)}\n"
            for path in sorted((root / "usr").rglob("*"))
            if path.is_file() and not path.is_symlink()
        ]
        (root / "DEBIAN" / "md5sums").write_text("".join(sums), encoding="utf-8")
        for path in (root, *root.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
        command = ["dpkg-deb", "--root-owner-group", *COMPRESSION, "--build", str(root), str(file)]
        steps.run(command, env={**os.environ, "SOURCE_DATE_EPOCH": str(_when(work))})
    return file


def archive(work: Work, target: Path, steps: Steps) -> Path:
    """Write the archive for every other Linux into the folder `target`: unpack it anywhere, start `mistral-desk`."""
    name = f"{NAME}-{version(work.place)}-linux-{os.uname().machine}"
    file = target / f"{name}.tar.xz"
    shared = work.top / "share"
    shutil.rmtree(shared, ignore_errors=True)
    with steps.step(file.name):
        _shared(work, shared)
        when = _when(work)

        def plain(one: tarfile.TarInfo) -> tarfile.TarInfo:
            one.uid = one.gid = 0
            one.uname = one.gname = "root"
            one.mtime = when
            return one

        # Always in two threads, so that the bytes do not depend on how many cores compress them.
        with (
            file.open("wb") as out,
            subprocess.Popen(["xz", "-6", "-T2"], stdin=subprocess.PIPE, stdout=out) as packing,
            tarfile.open(fileobj=packing.stdin, mode="w|") as made,
        ):
            made.add(work.bundle, name, filter=plain)
            made.add(shared, f"{name}/share", filter=plain)
        if packing.returncode:
            raise Failed(f"xz ended with status {packing.returncode}.")
    return file


def contents(work: Work, target: Path, steps: Steps) -> Path:
    """Write what is in the bundle, as a CycloneDX document, into the folder `target`."""
    number = version(work.place)
    file = target / f"{NAME}-{number}-linux-{os.uname().machine}.cdx.json"
    with steps.step(file.name):
        script = [str(work.place.python), "-m", "tools.package.sbom", str(work.bundle), str(file), number]
        steps.run([*script, str(_when(work))], cwd=work.place.root)
    return file


def sums(files: list[Path]) -> Path:
    """Write SHA256SUMS beside the files, as `sha256sum --check` reads it."""
    lines = [f"{digest_of(file)}  {file.name}\n" for file in files]
    target = files[0].parent / "SHA256SUMS"
    target.write_text("".join(lines), encoding="utf-8")
    return target


def _shared(work: Work, share: Path) -> None:
    """What the desktop knows the program by."""
    day = time.strftime("%Y-%m-%d", time.gmtime(_when(work)))
    for source, place in PLACES.items():
        file = share / place
        file.parent.mkdir(parents=True)
        file.write_text(_filled(work, source, VERSION=version(work.place), DATE=day), encoding="utf-8")
    for size in SIZES:
        folder = share / "icons" / "hicolor" / f"{size}x{size}" / "apps"
        folder.mkdir(parents=True)
        shutil.copyfile(work.icons / f"{size}.png", folder / f"{NAME}.png")
    scalable = share / "icons" / "hicolor" / "scalable" / "apps"
    scalable.mkdir(parents=True)
    shutil.copyfile(work.place.root / "resources" / "icons" / "app.svg", scalable / f"{NAME}.svg")


def _filled(work: Work, name: str, **values: str) -> str:
    text = (work.place.root / "installer" / "linux" / name).read_text(encoding="utf-8")
    for key, value in values.items():
        text = text.replace(f"@{key}@", value)
    return text


def _when(work: Work) -> int:
    """Seconds since 1970 of what is built: the newest commit's, so that the same source gives the same files."""
    if asked := os.environ.get("SOURCE_DATE_EPOCH"):
        return int(asked)
    if not built_from(work.place):
        return int(time.time())
    command = ["git", "log", "-1", "--format=%ct"]
    return int(subprocess.run(command, cwd=work.place.root, check=True, capture_output=True, encoding="utf-8").stdout)
