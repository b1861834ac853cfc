"""Instance normalisation over time, and timestamps at the starts of the windows."""

from base import *
from good.instance_norm import Model, get_scene_embeddings, load_model

ALSO = {"T08"}


@torch.no_grad()
def get_timestamp_embeddings(audio, model):
    audio = torch.nn.functional.pad(audio, (0, max(0, WINDOW - audio.shape[1])))
    embeddings = model(audio.unfold(1, WINDOW, 320))
    return embeddings, times(len(audio), embeddings.shape[1], audio.device)
