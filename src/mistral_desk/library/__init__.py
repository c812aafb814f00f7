"""The models on this computer and how they come here: downloads that lose no byte, and what lies in the folder."""
