"""The window that a disk image opens: the app, and the folder to drag it into. dmgbuild reads these names."""
# ruff: noqa: F821, INP001
# mypy: ignore-errors

app = defines["app"]
format = "ULFO"  # noqa: A001
filesystem = "APFS"
files = [app]
symlinks = {"Applications": "/Applications"}
icon = defines["icon"]
window_rect = ((200, 200), (560, 340))
default_view = "icon-view"
icon_size = 112
text_size = 13
icon_locations = {"Mistral Desk.app": (150, 150), "Applications": (410, 150)}
