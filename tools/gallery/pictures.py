"""Pictures for the gallery, drawn by rule: shapes as a person might scan them, and one that is wide, one tall."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PIL import Image, ImageDraw

from mistral_desk.chat.attachments import Pixels
from mistral_desk.chat.attachments.kinds import TextFile
from mistral_desk.chat.parts import file_part, picture_part

if TYPE_CHECKING:
    from mistral_desk.chat.message import Part
    from tools.gallery.stage import Stage

_INKS: Final = ("#C0392B", "#2471A3", "#1E8449", "#B7950B", "#7D3C98", "#CA6F1E", "#148F77", "#34495E")
NAMES: Final = (
    "Boat.jpg", "IMG_20260714_181502.jpg", "Screenshot from 2026-11-23 at 17-04-55.png", "Karte.png", "صورة.webp",
    "plan of the ground floor.png", "cat.gif", "Scan 0007.tif", "receipt.jpg", "chart.png", "Überblick.png", "x.bmp",
)  # fmt: skip
NOTES: Final = TextFile("notes for Thursday.md", "# Thursday\n\n" + "- Buy paint for the boat, and rope.\n" * 60)


_LEASE: Final = (
    "[Page 1 of 3]\nLease of a boat\n\nBetween the harbour and the one who signs below, for the summer of 2026.\n"
    "1. The boat lies at the third pier.\n2. Rope and oars belong to it; the sail does not.\n"
    "3. It is brought back before the leaves fall.\n\n[Page 2 of 3]\n"
    + "".join(f"{number}. What happens on the water stays on the water.\n" for number in range(4, 30))
    + "\n[Page 3 of 3 has no text]\n"
)
LEASE: Final = TextFile("Lease of the boat, signed 2026.pdf", _LEASE, "utf-8", 3, 1)


def drawing(number: int, size: tuple[int, int] = (640, 480)) -> Pixels:
    """A boat on the sea, in another light for each number."""
    width, height = size
    image = Image.new("RGB", size)
    draw = ImageDraw.Draw(image)
    for y in range(height):
        share = y / height
        draw.line((0, y, width, y), fill=(int(120 + 100 * share), int(170 + 50 * share), 230 - number * 9))
    sea = round(height * 0.62)
    draw.rectangle((0, sea, width, height), fill=(24, 84 + number * 6, 128))
    unit = min(width, height) / 10
    middle = width * (0.35 + 0.04 * (number % 8))
    draw.ellipse((width * 0.75, unit, width * 0.75 + 1.6 * unit, 2.6 * unit), fill=(250, 222, 140))
    hull = [(-2.2, 0), (2.2, 0), (1.5, 0.9), (-1.5, 0.9)]
    draw.polygon([(middle + x * unit, sea + y * unit) for x, y in hull], fill=(74, 48, 32))
    sail = [(-0.1, -0.2), (-0.1, -4), (2, -0.6)]
    draw.polygon([(middle + x * unit, sea + y * unit) for x, y in sail], fill=_INKS[number % len(_INKS)])
    return Pixels(width, height, image.tobytes(), NAMES[number % len(NAMES)], size)


async def parts(stage: Stage, count: int, *, text: bool = False) -> tuple[Part, ...]:
    """So many pictures as parts of a message, and a text file at the end."""
    sizes = ((640, 480), (1540, 560), (420, 1200), (500, 500))
    made = []
    for number in range(count):
        pixels = drawing(number, sizes[number % len(sizes)])
        made.append(picture_part(await stage.chat.album.put(pixels), pixels.name))
    return (*made, file_part(NOTES)) if text else tuple(made)
