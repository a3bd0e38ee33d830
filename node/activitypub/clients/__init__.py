"""ActivityPub for clients: what a member's program may read and write with a token."""
