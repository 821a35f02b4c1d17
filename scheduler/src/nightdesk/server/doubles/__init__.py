"""The ports in memory. They pass the same contract suites as the real adapters, so tests may stand on them."""
