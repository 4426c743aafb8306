"""What modacast is measured by: one module each, run as `python -m benchmarks.NAME --data DIR`."""
