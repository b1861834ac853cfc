"""The pretraining of the bundled wav2vec 2.0: batches, objective, runs."""
