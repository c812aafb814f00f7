"""*Will it run here?* in the window: a model's verdict on this computer, where its bytes go, and how to change that."""
