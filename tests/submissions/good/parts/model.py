"""Model of the packaged submission."""

import base


def load_model(model_file_path=""):
    return base.load_model(model_file_path)
