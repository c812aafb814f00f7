"""Bundle, packages and installers: what `dev.py package` does. Only the standard library, as in tools.dev."""
