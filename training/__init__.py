"""Pretraining of the small wav2vec 2.0 model: its corpus, the training, the measurements."""
