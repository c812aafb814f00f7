"""Running models: the protocol between the app and its worker process, and both ends of it."""
