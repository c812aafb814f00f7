"""Mistral Desk: browse open models, see what they need on this computer, and talk to them privately."""

__version__ = "0.1.0.dev0"
