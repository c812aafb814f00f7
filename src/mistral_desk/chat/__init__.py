"""Conversations: what a message is, where it is kept, and one turn from draft to saved answer."""
