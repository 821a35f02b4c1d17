"""Signing in with a provider: GitHub, GitLab, Google, Microsoft Entra, OpenID Connect."""
