"""Delimited text: encoding, dialect, and repair of irregular rows."""
