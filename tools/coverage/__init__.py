"""How much of the program its tests go through, children and locked-in processes included. Not shipped."""
