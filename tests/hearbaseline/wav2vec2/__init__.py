"""Tests of the wav2vec 2.0 baseline."""
