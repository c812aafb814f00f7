"""What helps to find a fault: a report on this installation, and a bundle for others, without a word of a chat."""
