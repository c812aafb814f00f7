"""What is outside of the window: the system's notifications, the progress in its task bar, its file manager."""
