"""Shapes that cross a border; imports nothing of ours."""
