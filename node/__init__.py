"""Leerkring: a learning-community node that a company hosts itself."""
