"""A walk through every page in a real browser: what axe says, what the keyboard meets, and what of hostile words ran."""
