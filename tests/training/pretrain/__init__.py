"""Tests of the pretraining."""
