"""People who leave: shut out at once, what they own handed over, their name given to nobody who inherits."""
