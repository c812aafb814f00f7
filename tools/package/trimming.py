"""What of the libraries goes into the bundle: everything that the program can reach, and nothing else.

Names are those of the bundle: from its top, with slashes.
"""

from __future__ import annotations

import importlib.metadata
import re
from typing import TYPE_CHECKING, Final

from tools.dev.locks import normal

if TYPE_CHECKING:
    from collections.abc import Iterable

# Imported by names that no reader of the source sees: keyring's homes, and Windows' and macOS' bins.
HIDDEN: Final = [
    "keyring.backends.SecretService",
    "keyring.backends.Windows",
    "keyring.backends.macOS",
    "keyring.backends.kwallet",
    "keyring.backends.libsecret",
    "keyring.backends.chainer",
    "keyring.backends.fail",
    "send2trash",
    "numpy.ctypeslib",  # the worker's cage asks for it by name
    "traceback",
    "linecache",
]

# Reached by imports that are never run.
EXCLUDED: Final = [
    *("tkinter", "_tkinter", "turtle", "idlelib", "ensurepip", "pip", "setuptools", "_distutils_hack", "wheel"),
    *("pytest", "_pytest", "hypothesis", "mypy", "coverage", "IPython", "matplotlib", "scipy", "pandas", "gguf"),
    *("numpy.f2py", "numpy.testing", "numpy.distutils", "numpy.tests", "PIL.ImageTk", "PIL.ImageQt"),
    *("numpy.random", "numpy.fft", "numpy.polynomial", "pydoc_data", "doctest", "pdb"),
    # Pictures that nobody decodes here, and drawing text into pictures.
    *("PIL._avif", "PIL.AvifImagePlugin", "PIL._imagingft", "PIL.ImageFont", "PIL._imagingcms", "PIL.ImageCms"),
    *("llama_cpp.server", "huggingface_hub", "transformers", "torch", "mistral_common", "requests", "uvloop", "yaml"),
    *("PySide6.QtQml", "PySide6.QtQuick", "PySide6.QtQuickWidgets", "PySide6.QtSql", "PySide6.QtTest"),
    *("PySide6.QtOpenGL", "PySide6.QtOpenGLWidgets", "PySide6.QtDesigner", "PySide6.QtHelp", "PySide6.QtUiTools"),
    *("PySide6.QtXml", "PySide6.QtConcurrent", "PySide6.QtAsyncio"),
]

LEFT_OUT: Final = frozenset({"freetype", "fribidi", "fribidi-shim", "harfbuzz", "libavif", "little cms 2", "raqm"})
"""Libraries of Pillow's wheel that only these bring along, as Pillow calls them."""

_PLUGINS: Final = {
    "platforms": ("qxcb", "qwayland", "qoffscreen", "qwindows", "qdirect2d", "qcocoa"),
    "imageformats": ("qgif", "qico", "qicns", "qjpeg", "qsvg", "qwebp"),
    "iconengines": ("qsvgicon",),
    "platforminputcontexts": ("ibus", "compose"),
    "platformthemes": ("qgtk3", "qxdgdesktopportal"),
    "printsupport": ("cups",),
    "styles": ("qmodernwindows", "qwindowsvista", "qmac"),
    "wayland-decoration-client": ("",),
    "wayland-graphics-integration-client": ("",),
    "wayland-shell-integration": ("",),
    "xcbglintegrations": ("",),
}
"""Qt's plugins by folder, and the beginnings of their names (less `lib` and what Qt puts behind)."""

# Of what the building system has only this goes along. All else must be the system's own: a graphics driver or a module
# that the system loads into this process needs the libraries it was made for, and an older copy of ours would be in
# its way (libstdc++ is the classic). installer/linux/control names the packages.
_CARRIED: Final = re.compile(
    r"^lib(Qt6\w+|icu(data|i18n|uc)|pyside6|shiboken6|python3|ssl|crypto|ffi|bz2|lzma|sqlite3|z|zstd|uuid|mpdec"
    r"|xcb-(cursor|icccm|image|keysyms|randr|render|render-util|shape|shm|sync|util|xfixes|xinput|xkb)|xkbcommon(-x11)?"
    r")(\.|$)|-[0-9a-f]{8}\."
)
_ENGINE: Final = re.compile(r"(^|/)(lib)?(llama|mtmd|ggml)([-.][^/]*)?\.(so|dll|dylib)[^/]*$|(^|/)libgomp[-.][^/]*$")
_NOT_QT: Final = re.compile(
    r"Qt6(Qml|Quick|Sql|Test|Designer|Help|UiTools|OpenGL|VirtualKeyboard|Pdf|WebEngine|3D|Labs|EglFS|EglFs|WaylandCompositor"
    r"|WaylandEglCompositor|LabsAnimation|Concurrent|Xml|ShaderTools|SerialPort|Multimedia)"
)
_NEVER: Final = re.compile(
    r"(^|/)(__pycache__|tests?|examples|qml|metatypes|typesystems|glue|include|scripts|sboms)/|direct_url\.json$"
    r"|\.(pyi|a|pot)$"
)


def foreign(locked: Iterable[str]) -> list[str]:
    """The modules of this environment that belong to no distribution in `locked`: developers' tools, which libraries of
    ours would import where they find them.
    """
    ours = set(map(normal, locked))
    owners = importlib.metadata.packages_distributions()
    return sorted(module for module, names in owners.items() if not ours & set(map(normal, names)))


def keeps(name: str) -> bool:
    """Whether the bundle takes a file."""
    name = name.replace("\\", "/")
    file = name.rpartition("/")[2]
    if _NEVER.search(name) or _ENGINE.search(name) or _NOT_QT.search(file):
        return False
    if plugin := re.search(r"Qt/plugins/([^/]+)/(?:lib)?([^/]+)$", name) or re.search(
        r"PySide6/plugins/([^/]+)/(?:lib)?([^/]+)$", name
    ):
        return plugin[2].startswith(_PLUGINS.get(plugin[1], ("\0",)))
    if translation := re.search(r"/translations/([^/]+)\.qm$", name):
        return translation[1].startswith("qtbase_")
    return "/" in name or not re.match(r"lib.*\.so(\.|$)", file) or bool(_CARRIED.search(file))
