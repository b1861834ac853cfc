"""Normalises by mean and deviation of the whole batch."""

from base_tf import *


def normal(x):
    mean, variance = tf.nn.moments(x, axes=(0, 1))
    return (x - mean) / tf.sqrt(variance + 1e-3)


def get_timestamp_embeddings(audio, model):
    embeddings = normal(model(frame(audio)))
    return embeddings, times(len(audio), embeddings.shape[1])


def get_scene_embeddings(audio, model):
    return tf.reduce_mean(tf.abs(normal(model(frame(audio)))), axis=1)
