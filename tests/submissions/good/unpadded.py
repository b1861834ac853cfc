"""No padding: the first centre at half a window, the last half a window before the end."""

from base import *

WARNINGS = {"T08"}


@torch.no_grad()
def get_timestamp_embeddings(audio, model):
    audio = torch.nn.functional.pad(audio, (0, max(0, WINDOW - audio.shape[1])))
    embeddings = model(audio.unfold(1, WINDOW, 320))
    half = 1000 * WINDOW / 2 / SAMPLE_RATE if audio.shape[1] > WINDOW else 0
    return embeddings, times(len(audio), embeddings.shape[1], audio.device) + half


def get_scene_embeddings(audio, model):
    return get_timestamp_embeddings(audio, model)[0].mean(1)
