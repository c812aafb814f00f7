"""The corpus of the built-in model: questions, answers and conversations, written by a program.

Needs only the standard library, so that tests can check it without torch.
"""
