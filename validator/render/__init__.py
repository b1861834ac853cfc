"""Renderers: each turns a `Report` into text and runs nothing."""
