"""The window's language: our words, the direction of writing, and the few words of Qt's own (a text's context menu)."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QLibraryInfo, QLocale, Qt, QTranslator

from mistral_desk.core import words

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

log: Final = logging.getLogger(__name__)
_NAME: Final = "qt-words"


def speak(app: QApplication, setting: str) -> None:
    """Use the language of the setting (`system` asks the system) for everything that is shown from now on.

    Call it before the first window is made: what is shown already keeps its words.
    """
    words.use(words.preferred(setting, QLocale.system().uiLanguages()))
    for one in app.findChildren(QTranslator, _NAME):
        app.removeTranslator(one)  # what another language said before
        one.deleteLater()
    tag = words.language()
    mirrored = words.mirrored()
    app.setLayoutDirection(Qt.LayoutDirection.RightToLeft if mirrored else Qt.LayoutDirection.LeftToRight)
    if tag in (words.ENGLISH, words.PSEUDO, words.PSEUDO_RTL):
        QLocale.setDefault(QLocale(QLocale.Language.English))
        return  # Qt speaks English by itself
    locale = QLocale(tag)
    QLocale.setDefault(locale)
    translator = QTranslator(app)
    translator.setObjectName(_NAME)
    if translator.load(locale, "qtbase", "_", QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)):
        app.installTranslator(translator)
    else:
        log.info("Qt has no words of its own in %s", tag)
