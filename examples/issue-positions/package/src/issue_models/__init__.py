"""issue_models: from notebooks."""
