"""Nightdesk: notebooks that run while you sleep."""
