"""The user guide in the window: the same pages and pictures as in `docs/guide`, without a browser or a connection."""
