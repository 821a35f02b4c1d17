"""Accounts of our own: sign-up, an admin's approval, sign-in with a lock-out."""
