"""A program with our theme on a desktop, until high contrast is shown.

python -m tests.e2e.accessible_contrast
On stdout come the colour scheme and the colour of texts, as the person then sees them.
"""

from __future__ import annotations

import sys

from PySide6.QtWidgets import QApplication

from mistral_desk.ui.theme.theme import Theme


def main() -> int:
    """Wait for the desktop to say how it wants things."""
    app = QApplication([])
    theme = Theme(app)

    def look() -> None:
        if theme.high_contrast and theme.scheme == "dark":
            app.quit()

    theme.changed.connect(look)
    app.exec()
    print(theme.scheme, theme.colours.text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
