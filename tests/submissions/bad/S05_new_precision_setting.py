"""Lowers the precision by the new setting, which the old one cannot be read beside."""

from base import *

torch.backends.cuda.matmul.fp32_precision = "tf32"
