"""The bundle on a graphics device: Mesa's software Vulkan in a clean root, divided in every way, against the plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tools.dev.steps import Failed
from tools.package import processors, roots
from tools.package.bundle import NAME

if TYPE_CHECKING:
    from pathlib import Path

    from tools.dev.steps import Steps
    from tools.package.bundle import Work

WAYS: Final = {
    "memory": "the model in memory",
    "some layers": "some layers on software Vulkan",
    "all layers": "all layers on software Vulkan",
    "all but the experts": "all but the experts on software Vulkan",
}
EXACT: Final = 0.01
CLOSE: Final = 0.25
"""How far weights and cache may be off the prediction, and by how much buffers for what is computed may be above it: on
a graphics device, and on all together. Below it they may be: where layers are divided, the plan reserves twice what one
side needs. Of the memory alone it is only shown: where a device computes all of it, it is a little more than predicted.
"""
_ROUNDED: Final = 50_000
"""Bytes by which small tensors are made to fit a device's steps."""
_MODEL: Final = f"/usr/lib/{NAME}/lib/resources/model/guide.gguf"
_SWITCHED: Final = ("GGML_VK_VISIBLE_DEVICES=0", "GALLIVM_PERF=nopt")
"""ggml passes over what only the processor computes; named by its number, it is taken. Mesa would compile a minute."""


def check(work: Work, root: Path, suite: str, steps: Steps) -> None:
    """Install the loader and Mesa's drivers in the root and ask; raises `Failed` where an answer or a size is off."""
    with steps.step(f"Debian {suite}: Mesa's software Vulkan"):
        roots.install(root, steps, "libvulkan1", "mesa-vulkan-drivers")
    command = ["chroot", str(root), "/usr/bin/env", *_SWITCHED, NAME, "--worker"]
    answers: set[str] = set()
    device = ""
    for way in WAYS:
        with steps.step(f"Debian {suite}: {WAYS[way]}"):
            said = processors.ask(work, steps, (way, _MODEL), command, roots.environment())
            if "vulkan" not in said["backends"]:
                raise Failed(f"{suite}: the worker uses {said['backends']}, and no Vulkan.")
            if wrong := off(said["buffers"]):
                raise Failed(f"{suite}, {way}: " + "; ".join(wrong))
        answers.add(said["said"])
        device = said["devices"][0]
        steps.say(f"  {way}: {said['said']!r}; {_words(said)}")
    if len(answers) != 1:
        raise Failed(f"The answers differ by where it was computed: {sorted(answers)}")
    steps.say(f"  {suite}: the same text from {len(WAYS)} divisions on {device}")


def off(buffers: dict[str, dict[str, list[int]]]) -> list[str]:
    """What lies elsewhere than was predicted, or takes more."""
    found = []
    for device, kinds in buffers.items():
        for kind in ("model", "cache"):
            predicted, reported = kinds[kind]
            if abs(predicted - reported) > EXACT * reported + _ROUNDED:
                found.append(f"{device}'s {kind}: {predicted} bytes predicted, {reported} reported")
    computes = {device: kinds["compute"] for device, kinds in buffers.items()}
    together = [sum(sizes) for sizes in zip(*computes.values(), strict=True)]
    cards = {device: sizes for device, sizes in computes.items() if device != "memory"}
    for device, (predicted, reported) in {**cards, "everything": together}.items():
        if reported - predicted > CLOSE * reported + _ROUNDED:
            found.append(f"what {device} computes in: {predicted} bytes predicted, {reported} reported")
    return found


def _words(said: dict[str, Any]) -> str:
    devices = []
    for device, kinds in said["buffers"].items():
        parts = (f"{kind} {a / 1e6:.2f}/{b / 1e6:.2f}" for kind, (a, b) in kinds.items())
        devices.append(f"{device} " + ", ".join(parts))
    return "; ".join(devices) + " MB predicted/reported"
