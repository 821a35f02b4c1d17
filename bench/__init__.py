"""What the platform costs beside plain tools; docs/benchmarks.md explains the figures."""
