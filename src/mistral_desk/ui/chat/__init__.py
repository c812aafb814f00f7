"""The chat page: transcript, composer and what drives them."""
