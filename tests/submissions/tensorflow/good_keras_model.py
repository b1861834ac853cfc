"""A subclassed Keras model, whose layers are called without naming a mode."""

from base_keras import *
