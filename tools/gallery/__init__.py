"""Every page and state of the window as pictures, measured while they are drawn. Not shipped."""
