"""A part of the gallery as a test: each state once plain, once dark, large and mirrored; nothing clipped."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QLabel, QPushButton, QWidget

from mistral_desk.core import words
from mistral_desk.ui.theme.theme import Theme
from mistral_desk.ui.widgets.ask import Question
from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.label import Label
from tools.gallery import checks, edges, ink
from tools.gallery.__main__ import Gallery, main
from tools.gallery.index import page
from tools.gallery.stage import ALL, Look
from tools.gallery.states import STATES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from PySide6.QtWidgets import QApplication

PLAIN = (Look("light", 1280, 100),)
HARD = (Look("dark", 880, 200),)


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    yield
    words.use("en")


@pytest.fixture(autouse=True)
def expected(allow_log: Callable[..., None]) -> None:
    """States that show problems log them."""
    for what in ("answer .* failed", "shown: ", "an answer failed", "the model was not made ready"):
        allow_log(what)


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.name)
def test_each_state_is_whole(state: object, qapp: QApplication) -> None:
    gallery = Gallery(qapp, None)
    gallery.draw(state, PLAIN, ("en",))  # type: ignore[arg-type]
    gallery.draw(state, HARD, ("qps-rtl",))  # type: ignore[arg-type]
    assert {name: [str(fault) for fault in found] for name, found in gallery.faults.items()} == {}


def test_the_command_writes_pictures_and_an_index(qapp: QApplication, tmp_path: Path) -> None:
    out = tmp_path / "Bilder für alle"
    assert main(["--out", str(out), "--only", "failure", "--only", "empty", "--quick"]) == 0
    html = (out / "index.html").read_text(encoding="utf-8")
    pictures = sorted(path.name for path in out.glob("*.png"))
    assert len(pictures) == 8
    assert all(f'src="{name}"' in html for name in pictures)
    assert not QImage(str(out / pictures[0])).isNull()


def test_the_gallery_has_every_look() -> None:
    assert {(look.scheme, look.width, look.size) for look in ALL} == {
        (scheme, width, size) for scheme in ("light", "dark") for width in (880, 1280, 1920) for size in (100, 200)
    }
    assert len({state.name for state in STATES}) == len(STATES)


# --- the measures themselves must be able to fail -------------------------------------------------------


@pytest.fixture
def window(qapp: QApplication) -> Iterator[QWidget]:
    made = QWidget()
    made.resize(300, 200)
    font = made.font()
    font.setPixelSize(13)
    made.setFont(font)
    yield made
    made.hide()
    made.deleteLater()


def rules(window: QWidget) -> set[str]:
    window.show()
    return {fault.rule for fault in checks.examine(window)}


def placed(widget: QWidget, *where: int) -> QWidget:
    widget.setGeometry(QRect(*where))
    return widget


def test_a_good_window_has_no_faults(window: QWidget) -> None:
    placed(QLabel("A short text", window), 10, 10, 200, 30)
    placed(QPushButton("Press", window), 10, 60, 120, 32)
    assert rules(window) == set()


def test_a_text_without_room_is_seen(window: QWidget) -> None:
    placed(QLabel("A text that is much too long for where it stands", window), 10, 10, 60, 30)
    assert rules(window) == {"clipped"}


def test_a_wrapped_text_without_height_is_seen(window: QWidget) -> None:
    label = QLabel("A text that needs several lines where it stands", window)
    label.setWordWrap(True)
    placed(label, 10, 10, 80, 20)
    assert rules(window) == {"clipped"}


def test_texts_on_each_other_are_seen_unless_one_floats(window: QWidget) -> None:
    placed(QLabel("One", window), 10, 10, 100, 30)
    other = placed(QLabel("Other", window), 20, 20, 100, 30)
    assert rules(window) == {"overlaps"}
    other.setProperty("floats", True)
    assert rules(window) == set()


def test_a_control_outside_is_seen(window: QWidget) -> None:
    placed(QPushButton("Away", window), 260, 10, 120, 32)
    assert {"outside", "cut off"} <= rules(window)


def test_a_control_without_a_name_or_too_small_is_seen(window: QWidget) -> None:
    nameless = QWidget(window)
    nameless.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    placed(nameless, 10, 10, 40, 40)
    assert rules(window) == {"unnamed"}
    nameless.setAccessibleName("Something")
    small = QPushButton("", window)
    small.setAccessibleName("Small")
    placed(small, 100, 10, 20, 20).show()
    assert "small target" in rules(window)


def test_contrast_is_read_from_the_picture() -> None:
    image = QImage(120, 40, QImage.Format.Format_RGB32)
    image.fill(QColor("#FFFFFF"))
    painter = QPainter(image)
    painter.fillRect(10, 10, 20, 3, QColor("#777777"))
    painter.fillRect(40, 10, 4, 3, QColor("#BBBBBB"))
    painter.end()
    found = ink.between(image)
    assert found is not None
    assert (round(found[0], 2), found[1], found[2]) == (4.48, "#FFFFFF", "#777777")
    image.fill(QColor("#123456"))
    assert ink.between(image) is None


def test_faint_text_is_seen(window: QWidget, qapp: QApplication) -> None:
    label = QLabel("Hardly to be read", window)
    placed(label, 10, 10, 200, 30)
    window.setStyleSheet("background: #FFFFFF; color: #BBBBBB;")
    window.show()
    assert [fault.rule for fault in ink.faint(window, window.grab().toImage())] == ["faint"]
    window.setStyleSheet("background: #FFFFFF; color: #111111;")
    assert list(ink.faint(window, window.grab().toImage())) == []


def test_a_label_or_a_button_in_a_faint_ink_is_seen_however_thin_its_letters_are(
    window: QWidget, qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    theme = Theme(qapp, "light")
    window.setPalette(qapp.palette())  # it was made while the application was as the test before left it
    placed(Label(theme, "Hardly to be read", "small", ink="muted", parent=window), 10, 10, 200, 30)
    placed(Button(theme, "Press it", text="Press it", step="small", muted=True, parent=window), 10, 60, 120, 32)
    window.show()
    assert list(ink.faint(window, window.grab().toImage())) == []
    assert ink.painted(window.children()[-1], "#FFFFFF") >= 4.5  # type: ignore[arg-type]
    faint = replace(theme.colours, muted="#AAAAAA")
    monkeypatch.setattr(Theme, "colours", property(lambda _self: faint))
    theme.changed.emit()
    assert [fault.rule for fault in ink.faint(window, window.grab().toImage())] == ["faint", "faint"]


def test_buttons_beside_the_line_of_what_stands_above_them_are_seen(window: QWidget, qapp: QApplication) -> None:
    sheet = Question(Theme(qapp, "light"), "Really?", "It cannot be brought back.", yes="Delete", parent=window)
    window.resize(600, 400)
    window.show()
    sheet.open_over()
    assert list(edges.crooked(window)) == []
    sheet.yes.setGeometry(sheet.yes.geometry().translated(1, 0))
    assert [fault.rule for fault in edges.crooked(window)] == ["crooked"]
    sheet.yes.setGeometry(sheet.yes.geometry().translated(-1, 0))
    assert list(edges.crooked(window)) == []


def test_the_index_tells_the_faults() -> None:
    fault = checks.Fault("clipped", "Label <b>", "width 3 px, needs 9")
    html = page(STATES[:1], {STATES[0].name: ["a.png"]}, {"a.png": [fault]})
    assert "clipped: Label &lt;b&gt;: width 3 px, needs 9" in html
    assert 'class="bad"' in html
