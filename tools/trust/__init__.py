"""Long campaigns against the program's promises, and the page that says what came of them. Not shipped."""
