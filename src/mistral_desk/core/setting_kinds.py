"""The kinds of settings: what each allows, and how it says so. `core.settings` declares the settings themselves."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Generic, TypeVar

from mistral_desk.core.errors import DeskError

T = TypeVar("T", bound=str | int | bool | tuple[str, ...])
T_co = TypeVar("T_co", bound=str | int | bool | tuple[str, ...], covariant=True)


@dataclass(frozen=True)
class Setting(ABC, Generic[T_co]):
    """One setting. Its name is `section.what`; label and help are English source texts for the window."""

    name: str
    default: T_co
    label: str
    help: str

    @property
    def section(self) -> str:
        """The page that it stands on."""
        return self.name.partition(".")[0]

    @property
    @abstractmethod
    def rule(self) -> str:
        """What is allowed, in words."""

    @abstractmethod
    def check(self, value: object) -> T_co:
        """The value if it is allowed; raises `settings.value`."""

    def _refuse(self, value: object) -> DeskError:
        return DeskError("settings.value", label=self.label, value=str(value)[:80], rule=self.rule)


@dataclass(frozen=True)
class Choice(Setting[str]):
    """One of a few words; `choices` maps each to its label."""

    choices: dict[str, str] = field(hash=False)

    @property
    def rule(self) -> str:  # noqa: D102 - as the base class says
        return "one of " + ", ".join(self.choices)

    def check(self, value: object) -> str:  # noqa: D102
        if isinstance(value, str) and value in self.choices:
            return value
        raise self._refuse(value)


@dataclass(frozen=True)
class Whole(Setting[int]):
    """A whole number within bounds; where `automatic` is set, 0 is allowed too and means `zero`."""

    minimum: int
    maximum: int
    unit: str = ""
    automatic: bool = False
    zero: str = "Automatic"
    """What 0 means, where it is allowed."""

    @property
    def rule(self) -> str:  # noqa: D102
        zero = f"0 for {self.zero.lower()}, or " if self.automatic else ""
        return f"{zero}{self.minimum} to {self.maximum}{' ' if self.unit else ''}{self.unit}"

    def check(self, value: object) -> int:  # noqa: D102
        if not isinstance(value, int) or isinstance(value, bool):
            raise self._refuse(value)
        if not self.minimum <= value <= self.maximum and not (self.automatic and value == 0):
            raise self._refuse(value)
        return value


@dataclass(frozen=True)
class Switch(Setting[bool]):
    """On or off."""

    rule: ClassVar[str] = "on or off"

    def check(self, value: object) -> bool:  # noqa: D102
        if isinstance(value, bool):
            return value
        raise self._refuse(value)


@dataclass(frozen=True)
class Place(Setting[str]):
    """A folder by its whole path; empty means the one that Mistral Desk chooses. Whether it is there is not asked."""

    rule: ClassVar[str] = "a folder with its whole path"

    def check(self, value: object) -> str:  # noqa: D102
        if isinstance(value, str) and (
            not value or (len(value) <= 4096 and "\0" not in value and Path(value).is_absolute())
        ):
            return value
        raise self._refuse(value)


@dataclass(frozen=True)
class Places(Setting[tuple[str, ...]]):
    """Several folders by their whole paths, each once. Whether they are there is not asked."""

    rule: ClassVar[str] = "folders with their whole paths"
    most: ClassVar[int] = 50

    def check(self, value: object) -> tuple[str, ...]:  # noqa: D102
        if not isinstance(value, list | tuple) or len(value) > self.most:
            raise self._refuse(value)
        for one in value:
            if not (isinstance(one, str) and 0 < len(one) <= 4096 and "\0" not in one and Path(one).is_absolute()):
                raise self._refuse(one)
        return tuple(dict.fromkeys(value))
