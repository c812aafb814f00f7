"""How the window looks: colours, type, space and icons, all from one table of tokens."""
