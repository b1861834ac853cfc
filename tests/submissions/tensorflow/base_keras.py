"""A small sound submission with a model of Keras 3, which is no tf.Module."""

import keras
from base_tf import *


class Network(keras.Model):
    sample_rate = SAMPLE_RATE
    scene_embedding_size = SIZE
    timestamp_embedding_size = SIZE

    def __init__(self):
        super().__init__()
        self.powers = Model()
        initial = keras.initializers.GlorotUniform(seed=0)
        self.dense = keras.layers.Dense(SIZE, "relu", kernel_initializer=initial)
        self.norm = keras.layers.BatchNormalization()
        self.drop = keras.layers.Dropout(0.5)

    def call(self, frames):
        return self.drop(self.norm(self.dense(self.powers(frames))))


def load_model(model_file_path="", kind=Network):
    model = kind()
    model(tf.zeros((1, 1, WINDOW)))
    if model_file_path:
        model.load_weights(model_file_path)
    return model
