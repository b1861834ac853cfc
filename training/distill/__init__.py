"""Distillation: the small model predicts what its teachers make of undisturbed sounds."""
