"""The program's icon in every size that a system asks for: `python -m tools.package.icons FOLDER`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

SIZES: Final = (16, 20, 22, 24, 32, 40, 48, 64, 96, 128, 256, 512)


def draw(target: Path) -> None:
    """Write `N.png` for each size into the folder, and `icon.ico` and `icon.icns` beside it."""
    from PIL import Image  # noqa: PLC0415 - here the environment's packages are needed, elsewhere in this room they are not
    from PySide6.QtGui import QGuiApplication  # noqa: PLC0415

    from mistral_desk.ui.theme.icons import app_pixmap  # noqa: PLC0415

    app = QGuiApplication([])
    target.mkdir(parents=True, exist_ok=True)
    for size in SIZES:
        if not app_pixmap(size).save(str(target / f"{size}.png")):
            raise OSError(f"{target}/{size}.png could not be written")
    pictures = [Image.open(target / f"{size}.png").convert("RGBA") for size in SIZES if size <= 256]
    pictures[-1].save(target.parent / "icon.ico", sizes=[one.size for one in pictures], append_images=pictures[:-1])
    twice = [Image.open(target / f"{size}.png").convert("RGBA") for size in (16, 32, 64, 128, 256)]
    with Image.open(target / "512.png") as largest:
        largest.convert("RGBA").save(target.parent / "icon.icns", append_images=twice)
    app.quit()


if __name__ == "__main__":
    draw(Path(sys.argv[1]))
