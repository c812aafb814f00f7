"""Decodes a picture with Pillow into plain upright pixels: no transparency, no metadata, not larger than wanted.

Memory is bounded by never holding more than the decoded picture and a small copy: what must be converted is converted
in strips, and JPEG is reduced while it is decoded.
"""

from __future__ import annotations

import functools
import importlib
import io
import struct
import zlib
from dataclasses import dataclass
from typing import Final

from PIL import Image, ImageFile, ImageFilter

from mistral_desk.chat.decoding.answer import Refused

_PLUGINS: Final = ("Png", "Jpeg", "Mpo", "WebP", "Gif", "Bmp", "Tiff")
_BEGINS: Final = (
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0", "TIFF"),
    (b"MM\0+", "TIFF"),
)
_BMP_HEADERS: Final = frozenset({12, 16, 40, 52, 56, 64, 108, 124})
"""Sizes of the header that follows a BMP's first 14 bytes: many a text begins with BM."""
_HEAVY: Final = {"WEBP": 5, "TIFF": 2}
"""How many times as much memory a pixel takes as elsewhere, where a library keeps copies of its own."""
_STRIP: Final = 2 * 1024 * 1024
"""Pixels that are converted at once."""
_ORIENTATION: Final = 0x0112
_UPRIGHT: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What undoes each value of EXIF's tag 0x0112 (CIPA DC-008, Orientation)."""
_LYING: Final = frozenset({5, 6, 7, 8})
_WRONG: Final = (
    *(OSError, SyntaxError, ValueError, LookupError, TypeError, AttributeError, EOFError, ArithmeticError),
    *(RuntimeError, struct.error, zlib.error, ImportError),
)
"""What Pillow's readers raise over damaged files, and where they want a part of it that was not loaded before."""
_LAB_STEPS: Final = 33
_WHITE: Final = (0.96422, 1.0, 0.82521)
_TO_RED_GREEN_BLUE: Final = (
    (3.1338561, -1.6168667, -0.4906146), (-0.9787684, 1.9161415, 0.0334540), (0.0719453, -0.2289914, 1.4052427)
)  # fmt: skip
"""From CIE XYZ as seen in the light D50 to the linear values of sRGB (IEC 61966-2-1), adapted after Bradford."""


@dataclass(frozen=True)
class Decoded:
    """Pixels: width x height x 3 bytes; `original` is the size before it was reduced, upright."""

    width: int
    height: int
    rgb: bytes
    original: tuple[int, int]


def prepare() -> None:
    """Load every reader and use each once, because later there are no files. What is incomplete is damaged."""
    Image.preinit()
    for plugin in _PLUGINS:
        importlib.import_module(f"PIL.{plugin}ImagePlugin")
    Image.MAX_IMAGE_PIXELS = None  # the limit is ours, and is looked at before anything is decoded
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    for name in ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"):
        file = io.BytesIO()
        Image.new("RGB", (8, 8)).save(file, name)
        decoded(file.getvalue(), name, 4, 64 * 8)


def kind(data: bytes) -> str:
    """The format that the bytes begin like; empty for none of ours. Names and endings of files do not count."""
    for begins, name in _BEGINS:
        if data.startswith(begins):
            return name
    if data[:2] == b"BM" and int.from_bytes(data[14:18], "little") in _BMP_HEADERS:
        return "BMP"
    return "WEBP" if data[:4] == b"RIFF" and data[8:12] == b"WEBP" else ""


def decoded(data: bytes, name: str, long_side: int, most: int) -> Decoded:
    """Decode the first picture of a file that begins like `name`; `most` pixels may it have. Raises `Refused`."""
    try:
        image = Image.open(io.BytesIO(data), formats=("JPEG", "MPO") if name == "JPEG" else (name,))
        width, height = image.size
        if width * height * _HEAVY.get(name, 1) <= most:
            return _plain(image, long_side)
    except _WRONG as error:
        raise Refused("attachment.damaged", label=name) from error
    raise Refused("attachment.too_many_pixels", width=width, height=height)


def _plain(image: Image.Image, long_side: int) -> Decoded:
    width, height = image.size
    turned = _orientation(image)
    if image.format in {"JPEG", "MPO"} and max(width, height) > 2 * long_side:
        scale = 2 * long_side / max(width, height)
        image.draft(image.mode, (max(1, round(width * scale)), max(1, round(height * scale))))
    image.load()
    small = _reduced(image, long_side)
    del image
    if max(small.size) > long_side:
        scale = long_side / max(small.size)
        size = (max(1, round(small.width * scale)), max(1, round(small.height * scale)))
        small = small.resize(size, Image.Resampling.LANCZOS)
    if turned in _UPRIGHT:
        small = small.transpose(_UPRIGHT[turned])
    original = (height, width) if turned in _LYING else (width, height)
    return Decoded(small.width, small.height, small.tobytes(), original)


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except _WRONG:
        return 1  # damaged notes do not make a picture unreadable


def _reduced(image: Image.Image, long_side: int) -> Image.Image:
    """In red, green and blue, and reduced by whole numbers while it is at least twice as long as wanted.

    Done in strips: of a large picture there is never a second one of the same size.
    """
    factor = max(1, max(image.size) // (2 * long_side))
    spread = _spread(image)
    if factor == 1 and image.mode == "RGB" and "transparency" not in image.info:
        return image
    width, height = image.size
    small = Image.new("RGB", (-(-width // factor), -(-height // factor)))
    rows = max(1, _STRIP // width // factor) * factor
    for top in range(0, height, rows):
        strip = _in_colours(image.crop((0, top, width, min(top + rows, height))), spread)
        small.paste(strip.reduce(factor) if factor > 1 else strip, (0, top // factor))
    return small


def _spread(image: Image.Image) -> tuple[float, float]:
    """The darkest and the brightest value of a picture in shades that are not one byte each."""
    if image.mode.startswith("I;16"):
        return 0.0, 65535.0
    if image.mode not in {"I", "F"}:
        return 0.0, 255.0
    low, high = image.getextrema()
    if not isinstance(low, int | float) or not isinstance(high, int | float):
        return 0.0, 255.0
    if low >= 0 and high <= 255:
        return 0.0, 255.0
    return (0.0, 65535.0) if image.mode == "I" and low >= 0 and high <= 65535 else (float(low), float(high))


def _in_colours(strip: Image.Image, spread: tuple[float, float]) -> Image.Image:
    """In red, green and blue; what is transparent shows white."""
    mode = strip.mode
    if mode == "LAB":
        return strip.filter(_from_lab())
    if mode.startswith("I;16"):
        strip, mode = strip.convert("I"), "I"
    if mode in {"I", "F"}:
        low, high = spread
        scale = 255.0 / (high - low) if high > low else 0.0
        shade = strip.convert("F").point(lambda value: value * scale - low * scale)
        return shade.convert("L").convert("RGB")
    if mode in {"RGBA", "LA", "PA", "RGBa", "La"} or "transparency" in strip.info:
        clear = strip.convert("RGBA")
        white = Image.new("RGB", clear.size, (255, 255, 255))
        white.paste(clear, mask=clear.getchannel("A"))
        return white
    return strip.convert("RGB")


@functools.cache
def _from_lab() -> ImageFilter.Color3DLUT:
    """From CIE L*a*b*, as TIFF 6.0 has it (section 23), to red, green and blue: Pillow's own way needs a library for
    colour profiles, which nothing else in here does.
    """
    return ImageFilter.Color3DLUT.generate(_LAB_STEPS, _seen, target_mode="RGB")


def _seen(lightness: float, red: float, yellow: float) -> tuple[float, float, float]:
    """One colour, each of its values from 0 to 1."""
    middle = (100 * lightness + 16) / 116
    places = (middle + (255 * red - 128) / 500, middle, middle - (255 * yellow - 128) / 200)
    light = [
        white * (place**3 if place > 6 / 29 else 3 * (6 / 29) ** 2 * (place - 4 / 29))
        for white, place in zip(_WHITE, places, strict=True)
    ]
    first, second, third = (sum(map(float.__mul__, row, light)) for row in _TO_RED_GREEN_BLUE)
    return _shade(first), _shade(second), _shade(third)


def _shade(linear: float) -> float:
    shade = 12.92 * linear if linear <= 0.0031308 else 1.055 * linear ** (1 / 2.4) - 0.055
    return min(1.0, max(0.0, shade))
