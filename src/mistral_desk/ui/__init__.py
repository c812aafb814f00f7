"""The window. Qt begins here; everything below it runs without."""
