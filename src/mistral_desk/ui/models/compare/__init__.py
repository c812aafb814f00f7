"""Up to four models side by side: bars and a table, and what differs."""
