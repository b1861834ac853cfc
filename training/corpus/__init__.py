"""The pretraining corpus: recordings of Debian packages, under licences that allow it."""
