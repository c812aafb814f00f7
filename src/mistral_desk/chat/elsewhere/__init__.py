"""Answers that are made on another computer: what goes out, and what comes back as the engine's own events."""
