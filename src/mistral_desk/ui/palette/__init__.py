"""The command palette: type a few letters of a command or of a chat's title, press Enter."""
