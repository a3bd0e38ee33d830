"""The command line `leerkring`: one module for each noun, over the same actions as the pages."""
