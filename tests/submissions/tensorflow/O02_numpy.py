"""Returns NumPy arrays."""

from base_tf import *


def get_timestamp_embeddings(audio, model):
    embeddings = model(frame(audio))
    return embeddings.numpy(), times(len(audio), embeddings.shape[1]).numpy()


def get_scene_embeddings(audio, model):
    return tf.reduce_mean(model(frame(audio)), axis=1).numpy()
