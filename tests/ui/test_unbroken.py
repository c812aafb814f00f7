"""No line ends between a number and its unit; a title takes the room that the sign beside it leaves."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QApplication, QLabel, QWidget

from mistral_desk.ui.chat.away import Away
from mistral_desk.ui.theme.theme import Theme
from mistral_desk.ui.top_bar import TopBar
from mistral_desk.ui.widgets.balanced import Even
from mistral_desk.ui.widgets.label import Label
from mistral_desk.ui.widgets.unbroken import unbroken


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("about 2 min.", "about 2~min."),
        ("8 + 32 GB, of 5 GB/s", "8~+~32~GB, of 5~GB/s"),
        ("87 % of it", "87~% of it"),
        ("after 30 December 2026", "after 30~December~2026"),
        ("after 30 décembre 2026", "after 30~décembre~2026"),
        ("4 models, 3 sails, 7 plus 8, in 2 years", "4 models, 3 sails, 7 plus 8, in 2 years"),
        ("A 4 B5 sheet of May 2026", "A 4 B5 sheet of May 2026"),
    ],
)
def test_what_stays_in_one_line(said: str, shown: str) -> None:
    assert unbroken(said) == shown.replace("~", "\N{NO-BREAK SPACE}")


def test_a_label_says_what_it_was_told(qapp: QApplication) -> None:
    label = Label(Theme(qapp, "light"), "about 2 min", wrap=True)
    assert label.text() == "about 2 min"
    label.setText("about 3 min")
    assert label.text() == "about 3 min"
    assert QLabel.text(label) == "about 3\N{NO-BREAK SPACE}min"
    path = Label(Theme(qapp, "light"), "/disk 2 GB/model", copied=True)
    assert QLabel.text(path) == path.text(), "what is copied is as it is"


def test_a_sentence_leaves_no_single_word_below(qapp: QApplication) -> None:
    label = Even(Theme(qapp, "light", 200), "The model runs on this computer. Nothing leaves it.", wrap=True)
    whole = label.fontMetrics().horizontalAdvance(label.text())
    label.resize(whole - 10, 200)
    label.show()
    assert label.contentsMargins().right() > whole / 4
    label.resize(whole + 40, 200)
    assert label.contentsMargins().right() <= 40
    label.deleteLater()


@pytest.mark.parametrize("mirrored", [False, True], ids=["left to right", "right to left"])
def test_a_title_beside_the_sign_of_an_endpoint_is_whole(qapp: QApplication, mirrored: bool) -> None:
    before = qapp.layoutDirection()
    qapp.setLayoutDirection(before.RightToLeft if mirrored else before.LeftToRight)
    try:
        window = QWidget()
        bar = TopBar(Theme(qapp, "light", 200), window)
        window.resize(880, 200)
        bar.resize(880, bar.height())
        window.show()
        bar.set_sidebar(shown=False)
        bar.set_title("What is the capital?", 1)
        alone = bar.title.geometry()
        assert abs(alone.center().x() - 440) <= 1
        bar.set_away(Away("mistral", "api.example.org"))
        qapp.processEvents()
        assert bar.title.width() == alone.width()
        assert not any(bar.title.geometry().intersects(one.geometry()) for one in (bar.away, bar.first, bar.more))
    finally:
        window.deleteLater()
        qapp.setLayoutDirection(before)
