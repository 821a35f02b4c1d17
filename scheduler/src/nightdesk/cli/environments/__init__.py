"""What `nightdesk env` does, by what it is about."""
