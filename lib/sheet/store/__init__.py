"""Where sheets come from and where they are stored."""
