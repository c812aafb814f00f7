"""Engines that a person adds to the one that comes along: checked, tried out, switched to, and back by themselves."""
