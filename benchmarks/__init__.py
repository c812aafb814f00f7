"""What measures; see `benchmarks.__main__`."""
