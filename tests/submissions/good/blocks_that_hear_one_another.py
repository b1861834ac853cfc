"""Blocks of a second, whose frames also hear the loudest of their block; timestamps are exact."""

from base import *

FRAME, BLOCK = 160, 16000


class Model(torch.nn.Module):
    sample_rate, scene_embedding_size, timestamp_embedding_size = SAMPLE_RATE, SIZE, SIZE

    def __init__(self):
        super().__init__()
        mix = torch.randn(FRAME, SIZE, generator=torch.Generator().manual_seed(0))
        self.register_buffer("mix", mix / FRAME**0.5)

    def forward(self, audio):
        n_frames = max(1, audio.shape[1] // FRAME)
        padded = torch.nn.functional.pad(audio, (0, -audio.shape[1] % BLOCK))
        frames = padded.unflatten(1, (-1, BLOCK // FRAME, FRAME)) @ self.mix
        frames = (frames.abs() + 1e-3).log()
        mixed = frames + 2 * frames.amax(2, keepdim=True)
        return mixed.flatten(1, 2)[:, :n_frames]


def load_model(model_file_path=""):
    return Model().eval()


@torch.no_grad()
def get_timestamp_embeddings(audio, model):
    embeddings = model(audio)
    centres = (torch.arange(embeddings.shape[1], device=audio.device) + 0.5) * 10.0
    return embeddings, centres.expand(len(audio), -1)


def get_scene_embeddings(audio, model):
    return get_timestamp_embeddings(audio, model)[0].mean(1)
