"""A chat's own settings, and presets: settings that have a name."""
