"""The steps of the New broadcast page."""
