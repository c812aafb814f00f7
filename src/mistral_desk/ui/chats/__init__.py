"""The order of the conversations: which is open, what the list shows, what was put away."""
