"""The whole model is called in training mode, inside a compiled function."""

import base_keras
from base_keras import *


def load_model(model_file_path=""):
    model = base_keras.load_model(model_file_path)
    model.embed = tf.function(lambda frames: model(frames, training=True))
    return model


def get_timestamp_embeddings(audio, model):
    embeddings = model.embed(frame(audio))
    return embeddings, times(len(audio), embeddings.shape[1])


def get_scene_embeddings(audio, model):
    return tf.reduce_mean(model.embed(frame(audio)), axis=1)
