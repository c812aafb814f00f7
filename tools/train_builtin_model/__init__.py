"""Trains the small model that ships with the app and shows itself as *Guide (demonstration)*.

Run `python -m tools.train_builtin_model`; README.md in this folder tells the rest.
"""
