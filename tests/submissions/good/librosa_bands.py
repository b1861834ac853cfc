"""Takes its filter bank from librosa, which imports slowly and caches compiled code."""

import librosa

import base
from base import *


def load_model(model_file_path=""):
    model = base.load_model()
    bank = librosa.filters.mel(sr=SAMPLE_RATE, n_fft=WINDOW, n_mels=SIZE)
    model.bands = torch.from_numpy(bank.T).float()
    return model


@torch.no_grad()
def get_scene_embeddings(audio, model):
    embeddings = base.get_timestamp_embeddings(audio, model)[0]
    levels = librosa.power_to_db(embeddings.exp().cpu().numpy().mean(1), ref=1.0)
    return torch.from_numpy(levels).float().to(audio.device)
