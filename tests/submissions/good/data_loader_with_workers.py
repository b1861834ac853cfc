"""Cuts its work into pieces with a DataLoader whose workers are processes."""

from base import *
from torch.utils.data import DataLoader, TensorDataset

OPTIONS = {"select": ("S",)}


@torch.no_grad()
def get_timestamp_embeddings(audio, model):
    frames = frame(audio)
    dataset, generator = TensorDataset(frames.flatten(0, 1)), torch.Generator()
    pieces = DataLoader(dataset, batch_size=512, num_workers=1, generator=generator)
    embeddings = torch.cat([model(piece) for (piece,) in pieces]).unflatten(0, frames.shape[:2])
    return embeddings, times(len(audio), embeddings.shape[1], audio.device)


def get_scene_embeddings(audio, model):
    return get_timestamp_embeddings(audio, model)[0].mean(1)
