"""The disk image for macOS: the program as an app, signed where there is an identity, and a window to drag it from.

What the app says of itself stands here, because the bundle's recipe reads it too. Nothing here runs but on macOS, and
installer/README.md says what was never tried.
"""

from __future__ import annotations

import os
import plistlib
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tools.package.windows import numbers

if TYPE_CHECKING:
    from tools.dev.steps import Steps
    from tools.package.bundle import Work

APP: Final = "Mistral Desk.app"
IDENTIFIER: Final = "local.mistral-desk"
"""Nobody owns `.local`, and this project owns no domain; it must not change once people have the program."""
OLDEST: Final = "13.0"
"""What Qt 6.12 asks for."""
IDENTITY: Final = "MISTRAL_DESK_MAC_IDENTITY"
"""The environment's name for who signs; without it nobody does (ad hoc), and macOS asks before it opens the app."""
_MACH_O: Final = frozenset(bytes.fromhex(magic) for magic in ("cffaedfe", "cefaedfe", "cafebabe", "cafebabf"))


def information(version: str) -> dict[str, Any]:
    """Info.plist, beside what PyInstaller writes into it. Its version has three numbers, and a fourth for the build."""
    four = numbers(version)
    return {
        "CFBundleIdentifier": IDENTIFIER,
        "CFBundleName": "Mistral Desk",
        "CFBundleDisplayName": "Mistral Desk",
        "CFBundleShortVersionString": four.rpartition(".")[0],
        "CFBundleVersion": four,
        "CFBundleDevelopmentRegion": "en",
        "LSMinimumSystemVersion": OLDEST,
        "LSApplicationCategoryType": "public.app-category.productivity",
        "NSHighResolutionCapable": True,
        "NSRequiresAquaSystemAppearance": False,
        "NSHumanReadableCopyright": "The Mistral Desk authors, Apache-2.0",
        "CFBundleDocumentTypes": [
            {
                "CFBundleTypeName": "Language model",
                "CFBundleTypeRole": "Viewer",
                "LSHandlerRank": "Alternate",  # beside what opens them now, never instead of it
                "LSItemContentTypes": [f"{IDENTIFIER}.gguf"],
            }
        ],
        "UTImportedTypeDeclarations": [
            {
                "UTTypeIdentifier": f"{IDENTIFIER}.gguf",
                "UTTypeDescription": "Language model",
                "UTTypeConformsTo": ["public.data"],
                "UTTypeTagSpecification": {"public.filename-extension": ["gguf"]},
            }
        ],
    }


def entitlements(root: Path) -> Path:
    """What the hardened runtime is asked to allow."""
    return root / "installer" / "macos" / "entitlements.plist"


def code(app: Path) -> list[Path]:
    """Programs and libraries in an app, what lies deepest first: whoever signs goes from the inside out."""
    found = []
    for path in app.rglob("*"):
        if path.is_file() and not path.is_symlink():
            with path.open("rb") as file:
                if file.read(4) in _MACH_O:
                    found.append(path)
    return sorted(found, key=lambda path: (-len(path.parts), path))


def signing(identity: str, rights: Path) -> list[str]:
    """The command that signs what is put behind it. The hardened runtime takes no library that nobody has signed, so
    it is left out where there is no identity.
    """
    if not identity:
        return ["codesign", "--force", "--sign", "-"]
    return [
        "codesign",
        "--force",
        "--timestamp",
        "--options",
        "runtime",
        "--entitlements",
        str(rights),
        "--sign",
        identity,
    ]


def image(work: Work, target: Path, steps: Steps) -> Path:
    """Sign the app and write the disk image into the folder `target`. Raises `Failed`."""
    from tools.package.bundle import NAME, version  # noqa: PLC0415 - the bundle's recipe reads this file without it

    root, number = work.place.root, version(work.place)
    app = work.bundle.parent / APP
    command = signing(os.environ.get(IDENTITY, ""), entitlements(root))
    with steps.step("Signing" if IDENTITY in os.environ else "Signing by nobody (ad hoc)"):
        for path in code(app):
            steps.run([*command, str(path)])
        steps.run([*command, str(app)])
        steps.run(["codesign", "--verify", "--deep", "--strict", str(app)])
    with steps.step("Self-test of the signed app"):
        env = {**os.environ, "MISTRAL_DESK_HOME": str(work.top / "home")}
        steps.run([str(work.program), "--self-test", str(work.top / "self-test.json")], env=env)
    file = target / f"{NAME}-{number}-macos-{os.uname().machine}.dmg"
    file.unlink(missing_ok=True)
    with steps.step(file.name):
        settings = root / "installer" / "macos" / "image.py"
        build = [str(work.place.python), "-m", "dmgbuild", "-s", str(settings), "-D", f"app={app}"]
        names = {**os.environ, "PYTHONPATH": str(work.tools)}
        steps.run([*build, "-D", f"icon={work.top / 'icon.icns'}", "Mistral Desk", str(file)], env=names)
        if identity := os.environ.get(IDENTITY):
            steps.run(["codesign", "--force", "--timestamp", "--sign", identity, str(file)])
    steps.run(["sh", str(root / "installer" / "macos" / "notarize.sh"), str(file)])
    steps.say(f"{file.relative_to(root)}: {file.stat().st_size / 1e6:.1f} MB")
    return file


def read(app: Path) -> dict[str, Any]:
    """What a finished app says of itself."""
    return dict(plistlib.loads((app / "Contents" / "Info.plist").read_bytes()))


if __name__ == "__main__":
    # Is this app what it should be? For the release: `python -m tools.package.macos APP VERSION`.
    said, wanted = read(Path(sys.argv[1])), information(sys.argv[2])
    if wrong := {key: said.get(key) for key, value in wanted.items() if said.get(key) != value}:
        sys.exit(f"Info.plist says otherwise: {wrong}")
    subprocess.run(["codesign", "--verify", "--deep", "--strict", sys.argv[1]], check=True)
