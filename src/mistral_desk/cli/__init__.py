"""The command line: the same core without a window, one file a command."""
