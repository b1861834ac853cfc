"""A functional Keras model with convolutions over frames, compiled by tf.function."""

import keras
from base_tf import *


def load_model(model_file_path=""):
    powers = keras.Input((None, SIZE))
    initial = keras.initializers.GlorotUniform(seed=0)
    x = keras.layers.Conv1D(32, 3, padding="same", kernel_initializer=initial)(powers)
    x = keras.layers.BatchNormalization()(x)
    x = keras.layers.SpatialDropout1D(0.3)(keras.layers.ReLU()(x))
    model = keras.Model(powers, x)
    model.powers = Model()
    model.embed = tf.function(lambda audio: model(model.powers(frame(audio)), training=False))
    model.sample_rate = SAMPLE_RATE
    model.scene_embedding_size = model.timestamp_embedding_size = 32
    return model


def get_timestamp_embeddings(audio, model):
    embeddings = model.embed(audio)
    return embeddings, times(len(audio), embeddings.shape[1])


def get_scene_embeddings(audio, model):
    return tf.reduce_mean(model.embed(audio), axis=1)
