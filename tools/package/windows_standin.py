"""A stand-in for the bundle of Windows: its layout, with programs that only run until they are asked to close.

So the installer can be tried where no Windows is: names, depth and number of files are the real ones, and so are the
resources; libraries are a few bytes.
"""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING, Final

from tools.dev import locks
from tools.package.trimming import _PLUGINS
from tools.package.windows import PROGRAMS, makensis

if TYPE_CHECKING:
    from pathlib import Path

_ON_WINDOWS: Final = ("qwindows", "qoffscreen", "qminimal", "qgif", "qico", "qjpeg", "qsvg", "qwebp", "qsvgicon")
_ENGINE: Final = ("llama", "mtmd", "ggml", "ggml-base", "ggml-vulkan")
_VARIANTS: Final = ("x64", "sse42", "sandybridge", "haswell", "skylakex", "icelake", "alderlake", "zen4")


def names(root: Path) -> list[str]:
    """The libraries' files of the bundle, below its top: from the locked packages and what the recipe keeps of them."""
    lock = (root / "requirements" / "app.lock").read_text(encoding="utf-8")
    found = ["lib/base_library.zip", "lib/python312.dll", "lib/python3.dll", "lib/LICENSE.txt"]
    found += [
        f"lib/{pin.name}-{pin.version}.dist-info/{part}" for pin in locks.pins(lock) for part in ("METADATA", "RECORD")
    ]
    found += [f"lib/PySide6/Qt6{part}.dll" for part in ("Core", "Gui", "Widgets", "Svg", "Network", "PrintSupport")]
    found += [
        f"lib/PySide6/plugins/{folder}/{name}.dll"
        for folder, starts in _PLUGINS.items()
        for name in starts
        if name in _ON_WINDOWS
    ]
    found += [f"lib/PySide6/translations/qtbase_{code}.qm" for code in ("de", "fr", "ja", "zh_CN")]
    found += [f"lib/llama_cpp/lib/{name}.dll" for name in (*_ENGINE, *(f"ggml-cpu-{one}" for one in _VARIANTS))]
    return [*found, "lib/numpy.libs/libscipy_openblas64_-13e2df515630b4a41f92893938845698.dll"]


def make(root: Path, target: Path, *, resources: bool = True) -> Path:
    """Write it into the folder `target`, anew. NSIS makes the programs. Raises `Failed` where that is not here."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for name in names(root):
        file = target / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"stands for {name}\n", encoding="utf-8")
    if resources:
        shutil.copytree(root / "resources", target / "lib" / "resources")
    script = root / "installer" / "windows" / "standin.nsi"
    command = [makensis(), "-V1", "-WX", f"-DOUT={target / PROGRAMS[0]}", str(script)]
    subprocess.run(command, check=True, cwd=script.parent, stdin=subprocess.DEVNULL)
    shutil.copyfile(target / PROGRAMS[0], target / PROGRAMS[1])
    return target
