"""load_model never returns."""

import time

OPTIONS = {"timeout_s": 15}


def load_model(model_file_path=""):
    time.sleep(1000)


def get_timestamp_embeddings(audio, model):
    return None


get_scene_embeddings = get_timestamp_embeddings
