"""The client API of one node, through HTTP."""
