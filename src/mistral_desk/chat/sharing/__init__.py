"""Conversations out and in: as Markdown, JSON and HTML; our own JSON and the export of ChatGPT back in.

Nothing here knows Qt; the PDF, which only Qt can print, is handed in as one more writer (`out.Writer`).
"""
