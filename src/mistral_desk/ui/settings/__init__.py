"""The settings page, derived from the declarations in `core.settings`."""
