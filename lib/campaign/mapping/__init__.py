"""Mappings: which column or text feeds each field of an entry."""
