"""Servers elsewhere that answer in the OpenAI protocol: which there are, what they offer, and one answer of theirs.

`front.Endpoints` is the door; what a model of theirs is called everywhere else stands in `record`.
"""
