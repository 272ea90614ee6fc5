"""Shared pieces of interface: everything here draws, or finds words for what is drawn."""
