"""Our own server: other programs on this computer ask its models in the OpenAI protocol. Off unless it is wanted."""
