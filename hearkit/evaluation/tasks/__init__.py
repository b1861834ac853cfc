"""Task folders: read, checked, made from tables."""
