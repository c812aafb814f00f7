"""The design's numbers, in one place: colours of both schemes, space, radii, type steps, durations.

Plain data without Qt, so that the contrast arithmetic can be tested without a window.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Scheme = Literal["light", "dark"]


@dataclass(frozen=True)
class Colours:
    """Colours of one scheme, as #RRGGBB."""

    canvas: str
    sidebar: str
    raised: str
    bubble: str
    code: str
    text: str
    muted: str
    hairline: str
    border: str
    accent: str
    on_accent: str
    success: str
    warning: str
    danger: str


LIGHT: Final = Colours(
    canvas="#FFFFFF",
    sidebar="#F6F5F3",
    raised="#FAF9F7",
    bubble="#F1EFEC",
    code="#F4F2EF",
    text="#1C1A17",
    muted="#6A645C",
    hairline="#E3DFD9",
    border="#8C857B",
    accent="#B93C0A",
    on_accent="#FFFFFF",
    success="#1B7A3D",
    warning="#8A5A00",
    danger="#C01C28",
)

DARK: Final = Colours(
    canvas="#1B1A18",
    sidebar="#151412",
    raised="#242220",
    bubble="#2C2A27",
    code="#131211",
    text="#ECE8E1",
    muted="#A69F94",
    hairline="#37342F",
    border="#7D766C",
    accent="#FF7A33",
    on_accent="#1B1108",
    success="#5CC07E",
    warning="#E0A83C",
    danger="#FF7B72",
)

COLOURS: Final[dict[Scheme, Colours]] = {"light": LIGHT, "dark": DARK}


HIGH_COLOURS: Final[dict[Scheme, Colours]] = {
    "light": Colours(
        canvas="#FFFFFF",
        sidebar="#FFFFFF",
        raised="#FFFFFF",
        bubble="#F0F0F0",
        code="#FFFFFF",
        text="#000000",
        muted="#33302C",
        hairline="#595550",
        border="#333333",
        accent="#8A2A00",
        on_accent="#FFFFFF",
        success="#0B4F24",
        warning="#5A3A00",
        danger="#8F0F1A",
    ),
    "dark": Colours(
        canvas="#000000",
        sidebar="#000000",
        raised="#0D0D0D",
        bubble="#1C1C1C",
        code="#000000",
        text="#FFFFFF",
        muted="#D6D1C9",
        hairline="#8F8A82",
        border="#C9C4BC",
        accent="#FFA36B",
        on_accent="#000000",
        success="#8CE0A8",
        warning="#F2C76B",
        danger="#FFB0AA",
    ),
}
"""For those who ask their system for high contrast: text 7 : 1 and lines 4.5 : 1 at least."""


@dataclass(frozen=True)
class CodeColours:
    """Colours of source text on the `code` surface, as #RRGGBB."""

    keyword: str
    string: str
    number: str
    comment: str
    name: str
    kind: str
    added: str
    removed: str


CODE_COLOURS: Final[dict[Scheme, CodeColours]] = {
    "light": CodeColours(
        keyword="#8B2C8F",
        string="#1E6B3A",
        number="#9A4A00",
        comment="#6A645C",
        name="#1F4E9E",
        kind="#00627A",
        added="#1B7A3D",
        removed="#B3202B",
    ),
    "dark": CodeColours(
        keyword="#D6A0E8",
        string="#9CCB8A",
        number="#F0B072",
        comment="#9A9389",
        name="#8FB8F5",
        kind="#7CCFD6",
        added="#5CC07E",
        removed="#FF8F87",
    ),
}

HIGH_CODE_COLOURS: Final[dict[Scheme, CodeColours]] = {
    "light": CodeColours(
        keyword="#6B1B6F",
        string="#0F4D26",
        number="#6B3000",
        comment="#3D3A36",
        name="#143A7A",
        kind="#004455",
        added="#0F5227",
        removed="#8A1019",
    ),
    "dark": CodeColours(
        keyword="#E5BDF2",
        string="#B5DDA6",
        number="#F7C795",
        comment="#C4BDB2",
        name="#B4D0FA",
        kind="#A3E0E5",
        added="#8CE0A8",
        removed="#FFB8B2",
    ),
}

SPACE: Final = (4, 8, 12, 16, 24, 32, 48)
"""The steps of empty space in pixels; nothing in the window stands apart by another amount."""

RADIUS_SMALL: Final = 6
RADIUS: Final = 10
RADIUS_LARGE: Final = 16
CONTROL: Final = 32
"""Height of a control in pixels at the system's text size."""

BAR: Final = 12
"""Width of a scroll bar in pixels; only half of it is painted."""
SIDEBAR: Final = 260
COLUMN: Final = 740
"""Widest line of reading and writing, in pixels."""

Step = Literal["small", "body", "lead", "heading", "title"]
STEPS: Final[dict[Step, float]] = {"small": 0.85, "body": 1.0, "lead": 1.12, "heading": 1.3, "title": 1.7}
LINE_HEIGHT: Final = 1.5
MOTION_MS: Final = 150
FRAME_MS: Final = 33
"""At most one repaint of streamed text in this time."""
