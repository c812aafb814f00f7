"""Conversations out of the window and into it: sheets, drops, PDF, and backups in the settings."""
