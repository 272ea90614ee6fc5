"""Benchmarks: ``make bench``. Each is compared with a plain script that does the same."""
