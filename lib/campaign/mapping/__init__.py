"""Which columns feed which fields of an entry."""
