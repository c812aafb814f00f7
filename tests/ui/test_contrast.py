"""Readability is arithmetic: text at least 4.5 : 1, borders of controls and marks at least 3 : 1 (WCAG 2.2 AA)."""

from __future__ import annotations

from dataclasses import fields

import pytest

from mistral_desk.ui.theme.contrast import blend, contrast, luminance
from mistral_desk.ui.theme.palette import selection
from mistral_desk.ui.theme.tokens import CODE_COLOURS, COLOURS, HIGH_CODE_COLOURS, HIGH_COLOURS, Scheme

SURFACES = ("canvas", "sidebar", "raised", "bubble", "code")
INKS = ("text", "muted", "accent", "success", "warning", "danger")
SCHEMES: tuple[Scheme, ...] = ("light", "dark")


def test_known_ratios() -> None:
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.478, abs=0.001)
    assert luminance("#FFFFFF") == pytest.approx(1)
    assert blend("#000000", "#FFFFFF", 0.5) == "#808080"
    with pytest.raises(ValueError, match="not a colour"):
        contrast("red", "#FFFFFF")


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("surface", SURFACES)
@pytest.mark.parametrize("ink", INKS)
def test_text_on_every_surface(scheme: Scheme, surface: str, ink: str) -> None:
    colours = COLOURS[scheme]
    assert contrast(getattr(colours, ink), getattr(colours, surface)) >= 4.5


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("surface", SURFACES)
def test_borders_of_controls_and_the_focus_ring(scheme: Scheme, surface: str) -> None:
    colours = COLOURS[scheme]
    assert contrast(colours.border, getattr(colours, surface)) >= 3
    assert contrast(colours.accent, getattr(colours, surface)) >= 3


@pytest.mark.parametrize("scheme", SCHEMES)
def test_filled_buttons_checked_buttons_and_selected_text(scheme: Scheme) -> None:
    colours = COLOURS[scheme]
    for share in (0.82, 0.9, 1.0):
        assert contrast(colours.on_accent, blend(colours.accent, colours.text, share)) >= 4.5
    for share in (0.08, 0.12):
        assert contrast(colours.accent, blend(colours.accent, colours.canvas, share)) >= 4.5
    assert contrast(colours.text, selection(colours)) >= 4.5
    assert contrast(colours.canvas, colours.text) >= 4.5, "tool tips"
    for share in (0.07, 0.1):
        assert contrast(colours.text, blend(colours.text, colours.bubble, share)) >= 4.5


@pytest.mark.parametrize("scheme", SCHEMES)
def test_source_text_on_its_surface(scheme: Scheme) -> None:
    inks = CODE_COLOURS[scheme]
    for field in fields(inks):
        assert contrast(getattr(inks, field.name), COLOURS[scheme].code) >= 4.5, field.name


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("surface", SURFACES)
def test_high_contrast_is_higher(scheme: Scheme, surface: str) -> None:
    colours = HIGH_COLOURS[scheme]
    ground = getattr(colours, surface)
    for ink in INKS:
        assert contrast(getattr(colours, ink), ground) >= 7, ink
    assert contrast(colours.border, ground) >= 7
    assert contrast(colours.hairline, ground) >= 4.5


@pytest.mark.parametrize("scheme", SCHEMES)
def test_high_contrast_of_buttons_selected_text_and_source(scheme: Scheme) -> None:
    colours = HIGH_COLOURS[scheme]
    for share in (0.82, 0.9, 1.0):
        assert contrast(colours.on_accent, blend(colours.accent, colours.text, share)) >= 7
    for share in (0.08, 0.12):
        assert contrast(colours.accent, blend(colours.accent, colours.canvas, share)) >= 6
    assert contrast(colours.text, selection(colours)) >= 7
    for field in fields(HIGH_CODE_COLOURS[scheme]):
        assert contrast(getattr(HIGH_CODE_COLOURS[scheme], field.name), colours.code) >= 7, field.name
