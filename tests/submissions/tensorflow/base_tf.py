"""A small sound submission in TensorFlow; the others here are this one with one thing changed."""

import numpy as np
import tensorflow as tf

SAMPLE_RATE = 16000
WINDOW = 1024
HOP_MS = 20.0
SIZE = 48


class Model(tf.Module):
    sample_rate = SAMPLE_RATE
    scene_embedding_size = SIZE
    timestamp_embedding_size = SIZE

    def __init__(self):
        super().__init__()
        bands = np.random.default_rng(0).random((WINDOW // 2 + 1, SIZE), dtype="float32")
        self.bands = tf.Variable(bands / bands.sum(0), name="bands")

    def __call__(self, frames):
        """(..., WINDOW) samples to (..., SIZE) numbers."""
        spectrum = tf.signal.rfft(frames * tf.signal.hann_window(WINDOW))
        return tf.math.log(tf.abs(spectrum) ** 2 @ self.bands + 1e-4)


def load_model(model_file_path=""):
    model = Model()
    if model_file_path:
        model.bands.assign(np.load(model_file_path))
    return model


def frame(audio, hop_ms=HOP_MS):
    """(n_sounds, n_samples) to (n_sounds, n_frames, WINDOW)."""
    n_samples = audio.shape[1]
    hop = hop_ms * SAMPLE_RATE / 1000
    first = [round(k * hop) for k in range(int(n_samples / hop) + 1)]
    padded = tf.pad(audio, [[0, 0], [WINDOW // 2, WINDOW // 2]])
    return tf.gather(padded, tf.constant(first)[:, None] + tf.range(WINDOW), axis=1)


def times(n_sounds, n_frames, hop_ms=HOP_MS):
    """Milliseconds, (n_sounds, n_frames)."""
    one = tf.range(n_frames, dtype=tf.float32) * hop_ms
    return tf.tile(one[None], [n_sounds, 1])


def get_timestamp_embeddings(audio, model):
    embeddings = model(frame(audio))
    return embeddings, times(len(audio), embeddings.shape[1])


def get_scene_embeddings(audio, model):
    return tf.reduce_mean(model(frame(audio)), axis=1)
