"""How full the model's context is, and what gives way when it is full."""
