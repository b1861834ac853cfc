"""A Keras layer; NumPy inside, a projection drawn without state, results in variables."""

import keras
from base_tf import *


class Layer(keras.Layer):
    sample_rate = SAMPLE_RATE
    scene_embedding_size = timestamp_embedding_size = 24

    def __init__(self):
        super().__init__()
        self.powers = Model()
        self.project = tf.random.stateless_normal((SIZE, 24), seed=(1, 2)) / SIZE**0.5
        self.norm = keras.layers.LayerNormalization()

    def call(self, frames):
        return self.norm(self.powers(frames) @ self.project)


def load_model(model_file_path=""):
    return Layer()


def get_timestamp_embeddings(audio, model):
    embeddings = model(tf.constant(frame(audio).numpy()))
    return tf.Variable(embeddings), tf.Variable(times(len(audio), embeddings.shape[1]))


def get_scene_embeddings(audio, model):
    return tf.Variable(tf.reduce_mean(model(frame(audio)), axis=1))
