"""Everything that Sendout Studio does; `pages/` only draws it."""
