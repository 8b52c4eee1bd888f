"""What Duly costs, measured beside bare Temporal; `benchmarks/run` measures all of it."""
