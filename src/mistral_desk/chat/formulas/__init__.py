"""Formulas of answers as pictures: LaTeX in, SVG out, in a process of its own that can be ended at any time.

The time that setting takes doubles with each bracket in another, so no bound on a formula's length is enough.
"""
