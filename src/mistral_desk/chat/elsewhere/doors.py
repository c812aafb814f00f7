"""Who is asked at endpoints. What asks them is imported with the first answer from one: no start waits for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mistral_desk.chat.elsewhere.door import EndpointDoor
    from mistral_desk.net.endpoints.front import Endpoints
    from mistral_desk.net.endpoints.record import EndpointModel


class Doors:
    """Makes a door for each answer."""

    def __init__(self, endpoints: Endpoints) -> None:
        self._endpoints = endpoints

    def door(self, source: EndpointModel) -> EndpointDoor:
        """For one answer of this model."""
        from mistral_desk.chat.elsewhere.door import EndpointDoor  # noqa: PLC0415

        return EndpointDoor(self._endpoints, source)
