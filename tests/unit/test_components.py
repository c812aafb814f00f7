"""What ships along is named with its licence, from what is installed; each bundled text is there."""

from __future__ import annotations

from mistral_desk.core.components import components
from mistral_desk.core.machine import room_on_disk, this_machine
from mistral_desk.core.paths import folders


def test_libraries_python_fonts_and_the_engine_are_named_with_licences() -> None:
    found = {one.name: one for one in components()}
    assert {"PySide6_Essentials", "Qt", "llama.cpp", "msgspec", "qasync", "Python"} <= set(found)
    assert {"Inter", "JetBrains Mono"} <= set(found)
    assert not {"pytest", "ruff", "mypy"} & set(found), "tools of developers do not ship"
    assert [name for name, one in found.items() if not one.licence] == []
    assert [name for name, one in found.items() if len(one.text()) < 300] == []
    assert "GNU LESSER GENERAL PUBLIC LICENSE" in found["PySide6_Essentials"].text()


def test_code_of_others_inside_qt_is_named_with_its_own_texts() -> None:
    text = next(one for one in components() if one.name == "Qt").text()
    for part in ("harfbuzz-ng", "freetype", "pcre2", "libpng", "double-conversion", "libwebp", "ICU"):
        assert part in text
    assert "Text of the licence: FTL" in text
    assert "GNU LESSER GENERAL PUBLIC LICENSE" in text


def test_this_computer_has_something() -> None:
    machine = this_machine()
    assert machine.cores >= 1
    assert machine.threads >= machine.cores
    assert 0 < machine.memory_available <= machine.memory_total
    assert machine.processor


def test_room_where_a_folder_would_be() -> None:
    assert not folders().models.exists()
    assert (room_on_disk(folders().models) or 0) > 0
