"""Plans: what is sent from a sheet, what is held back, and why."""
