"""Seeds the global generator in load_model; its DataLoader draws from it as well."""

from base import *
import base
from good.data_loader import get_scene_embeddings, get_timestamp_embeddings


def load_model(model_file_path=""):
    torch.manual_seed(0)
    return base.load_model()
