"""Collects the sentences that people read, for translators."""
