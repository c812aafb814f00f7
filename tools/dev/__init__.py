"""The longer parts of dev.py. Only the standard library: they run before anything is installed."""
