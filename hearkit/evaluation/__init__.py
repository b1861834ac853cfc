"""`hear-eval`: HEAR's evaluation of a module, equal to the organisers'."""
