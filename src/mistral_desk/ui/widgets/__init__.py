"""Controls of our own that more than one page uses."""
