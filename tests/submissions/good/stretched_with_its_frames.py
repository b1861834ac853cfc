"""As many frames as whole hops fit, and frames as well as timestamps spread over the audio."""

from base import *


@torch.no_grad()
def get_timestamp_embeddings(audio, model):
    n_samples = audio.shape[1]
    centres = torch.linspace(0, n_samples, int(n_samples / 320) + 1, dtype=torch.float64)
    first = centres.round().long().to(audio.device)
    padded = torch.nn.functional.pad(audio, (WINDOW // 2, WINDOW // 2))
    frames = padded[:, first[:, None] + torch.arange(WINDOW, device=audio.device)]
    timestamps = (centres / SAMPLE_RATE * 1000).float().to(audio.device)
    return model(frames), timestamps.expand(len(audio), -1)
