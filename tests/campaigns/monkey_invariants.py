"""What has to be true of the folders at any moment, whatever a person does to the window."""

from __future__ import annotations

import contextlib
import hashlib
import json
import sqlite3
from typing import TYPE_CHECKING

from mistral_desk.chat import database
from mistral_desk.library.wanted import PART
from tests.fixtures.history_state import promises_of_tables

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mistral_desk.core.paths import Folders
    from tests.fixtures.hub_site import HubSite


def broken(places: Folders, hub: HubSite) -> list[str]:
    """What is not as it must be. Blocks."""
    return [*_history(places.history), *_lists(places), *_models(places.models, hub)]


def _history(path: Path) -> Iterator[str]:
    if not path.exists():  # all data are being deleted
        return
    with contextlib.closing(database.connect(path, query_only=True)) as connection:
        connection.execute("BEGIN")
        try:
            yield from promises_of_tables(connection)
        except sqlite3.Error as error:
            yield f"the history: {error}"


def _lists(places: Folders) -> Iterator[str]:
    for folder in (places.data, places.config):
        for file in folder.glob("*.json"):
            try:
                json.loads(file.read_bytes())
            except FileNotFoundError:
                continue
            except ValueError as error:
                yield f"{file.name}: {error}"
        yield from (f"{file.name} was set aside" for file in folder.glob("*damaged*"))


def _models(models: Path, hub: HubSite) -> Iterator[str]:
    """What has a model's name in the place of a download is what the hub has under that name."""
    for repo in hub.repos.values():
        for name in repo.files:
            for file in models.glob(f"{repo.id}/{name}"):
                with contextlib.suppress(FileNotFoundError):
                    if hashlib.sha256(file.read_bytes()).hexdigest() != repo.hash_of(name):
                        yield f"{file.name} lies in its place and is another one (and not {PART})"
