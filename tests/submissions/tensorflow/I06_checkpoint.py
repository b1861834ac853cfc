"""Returns a checkpoint object, which is no module."""

from base_tf import *


def load_model(model_file_path=""):
    model = tf.train.Checkpoint(module=Model())
    model.sample_rate = SAMPLE_RATE
    model.scene_embedding_size = model.timestamp_embedding_size = SIZE
    return model
