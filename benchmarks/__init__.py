"""Measurements: ``make bench``. Each runs beside the plain way of doing the same, and says both."""
