"""The model browser: search, filters, sort and a grid of cards; and the search for repositories on the hub."""
