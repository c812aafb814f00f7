"""Will it run here, where does every byte go, how fast, and what instead: answered before anything is downloaded.

Pure functions over data: a described machine stands in for the real one, and nothing here starts a model.
"""
