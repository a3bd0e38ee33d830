"""OAuth 2: apps come in for a member, with the scopes that the member allowed."""
