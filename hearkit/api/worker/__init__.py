"""Our only code in a submission's process: it calls, watches and tells, and decides nothing.

Through `frameworks` this is also the only part that imports PyTorch or TensorFlow.
"""
