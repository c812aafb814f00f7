"""The pictures of the guide and of the README, drawn of the gallery's states. Not shipped."""
