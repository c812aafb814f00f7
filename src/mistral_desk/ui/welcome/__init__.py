"""What a person meets at the very first start."""
