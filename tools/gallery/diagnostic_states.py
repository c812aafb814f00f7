"""The states of the diagnostic report: while it is made, and with every word that would be saved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mistral_desk.core.errors import Problem
from mistral_desk.diagnostic.bundle import File
from mistral_desk.ui.settings.diagnostic_sheet import DiagnosticSheet
from tools.gallery.declare import ready, state
from tools.gallery.stage import idle

if TYPE_CHECKING:
    from tools.gallery.stage import Stage

_REPORT: Final = """\
Mistral Desk:            0.1.0 (1a2b3c4), installed
System:                  Linux-6.12.8-x86_64-with-glibc2.41
Python:                  3.12.8
llama.cpp:               0.3.36
Processor:               AMD Ryzen 7 7840U, 8 cores, 16 threads
Memory:                  30.6 GiB, 21.4 GiB free
Device:                  Vulkan0: AMD Radeon 780M (igpu), 15.1 GiB free
Folder: data:            data, where the system keeps it (412.7 GiB free)
Folder: models:          a folder of the person's choice (27 characters, spaces) (1204.2 GiB free)
Worker's cage:           no network, no other program, no file once the model is there
Keyring:                 keyring.backends.SecretService.Keyring
Library:                 1 guide, 2 download; 41.3 GB; 0 downloads unfinished
"""
FILES: Final = (
    File("report.txt", _REPORT),
    File("settings.json", '{\n  "appearance.theme": "dark"\n}\n'),
    File("models.txt", "Guide (demonstration) 11,873,216 bytes guide, here\n"),
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
