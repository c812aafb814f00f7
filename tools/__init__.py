"""What builds a resource of the program, and the longer parts of dev.py. None of it ships."""
