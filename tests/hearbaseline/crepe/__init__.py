"""Tests of the CREPE baseline."""
