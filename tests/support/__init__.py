"""What tests against a real platform share: the platform itself, people, runs, notebooks, a browser."""
