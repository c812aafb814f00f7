"""The sidebar: the conversations by day, and the ways to the other pages."""
