"""Downloads as a person sees them: rows, sheets, the way from a button to the queue, and what the system is told."""
