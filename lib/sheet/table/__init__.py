"""Find the table in a worksheet or text file and assemble its rows."""
