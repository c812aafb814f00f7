"""The states of the diagnostic report: while it is made, and with every word that would be saved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mistral_desk.core.errors import Problem
from mistral_desk.core.machine import Machine
from mistral_desk.diagnostic.bundle import File
from mistral_desk.diagnostic.report import BuiltinModel, Folder, Report, in_words_of
from mistral_desk.diagnostic.shelf import Shelf
from mistral_desk.inference.cage import Cage
from mistral_desk.inference.device import Device
from mistral_desk.services import BUILTIN_TITLE
from mistral_desk.ui.settings.diagnostic_sheet import DiagnosticSheet
from tools.gallery import builtin
from tools.gallery.declare import ready, state
from tools.gallery.stage import idle

if TYPE_CHECKING:
    from tools.gallery.stage import Stage

_REPORT: Final = Report(
    version="0.1.0",
    build="1a2b3c4",
    python="3.12.8",
    system="Linux-6.12.8-x86_64-with-glibc2.41",
    frozen=True,
    libraries={"PySide6-Essentials": "6.12.0", "llama-cpp-python": "0.3.36"},
    llama_cpp="0.3.36",
    engine_build="CPU : AVX2 = 1",
    backends=("vulkan", "cpu-haswell"),
    engine="builtin",
    engine_left="",
    engine_protocol=1,
    hardware=Machine("AMD Ryzen 7 7840U", 8, 16, 32 << 30, 21 << 30),
    devices=(Device("Vulkan0", "AMD Radeon 780M", "integrated", 15 << 30, 16 << 30),),
    folders=(
        Folder("data", "data, where the system keeps it", 412_700_000_000, ""),
        Folder("models", "a folder of the person's choice (27 characters, spaces)", 1_204_200_000_000, ""),
    ),
    sandbox=Cage(("seccomp", "landlock"), ("socket", "connect", "read", "write", "exec", "fork", "signal", "code")),
    decoder=Cage(("seccomp",), ("socket", "connect", "read", "write", "exec", "fork", "signal", "code")),
    keyring="keyring.backends.SecretService.Keyring",
    display="Qt platform wayland",
    computers=(),
    model=BuiltinModel("its file", builtin.BYTES, "0" * 64),
    library=Shelf((), {"guide": 1, "download": 2}, {"here": 3}, 41_300_000_000, 0, None),
    problems=(),
)
FILES: Final = (
    File("report.txt", in_words_of(_REPORT)),
    File("settings.json", '{\n  "appearance.theme": "dark"\n}\n'),
    File("models.txt", f"{BUILTIN_TITLE} {builtin.BYTES + builtin.EYES_BYTES:,} bytes guide, here\n"),
    File(
        "log.txt",
        "2026-11-30 09:12:44,310 INFO    4711 MainThread mistral_desk.inference.child | the worker is gone: ⟨…⟩\n",
    ),
)
THEIRS: Final = tuple(file.name for file in FILES)
"""Names of files, the same in every language."""


async def _opened(stage: Stage) -> DiagnosticSheet:
    await ready(stage)
    stage.desk.window.open_settings("appearance")  # About has names of other people's packages
    await idle()
    sheet = DiagnosticSheet(stage.desk.theme, stage.desk.window)
    stage.desk.window.show_overlay(sheet)
    await idle()
    return sheet


@state()
async def diagnostic_making(stage: Stage) -> None:
    """The installation is looked at; it can be called off."""
    await _opened(stage)


@state()
async def diagnostic_report(stage: Stage) -> None:
    """Everything that would be saved, file by file, and the button that asks where to."""
    (await _opened(stage)).show_files(FILES)
    await idle()


@state(sized=False)
async def diagnostic_not_saved(stage: Stage) -> None:
    """The chosen place took no file: why, and what would be saved is there still."""
    trouble = Problem("diagnostic.not_saved", {"path": "/media/anna/stick/r.zip", "reason": "Read-only file system"})
    (await _opened(stage)).show_files(FILES, trouble)
    await idle()
