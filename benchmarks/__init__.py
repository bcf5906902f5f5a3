"""Benchmarks: `make bench` runs them all, `python -m benchmarks.NAME --json FILE` one."""
