"""Pictures and text files that go with a message: how they come in, stand in the composer, and are shown again."""
