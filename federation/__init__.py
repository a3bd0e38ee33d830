"""The protocol engine: a library that knows no database, no web framework and no settings."""
