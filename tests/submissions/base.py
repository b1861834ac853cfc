"""A small valid submission; the ones in `bad` and `good` are this one with one thing changed."""

import torch

SAMPLE_RATE = 16000
WINDOW = 1024
HOP_MS = 20.0
SIZE = 48


class Model(torch.nn.Module):
    sample_rate = SAMPLE_RATE
    scene_embedding_size = SIZE
    timestamp_embedding_size = SIZE

    def __init__(self):
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        bands = torch.rand(WINDOW // 2 + 1, SIZE, generator=generator)
        self.register_buffer("window", torch.hann_window(WINDOW))
        self.register_buffer("bands", bands / bands.sum(0))

    def forward(self, frames):
        """(..., WINDOW) samples to (..., SIZE) numbers."""
        power = torch.fft.rfft(frames * self.window).abs().square()
        return torch.log(power @ self.bands + 1e-4)


def load_model(model_file_path=""):
    model = Model()
    if model_file_path:
        model.load_state_dict(torch.load(model_file_path, weights_only=True))
    return model.eval()


def starts(n_samples, hop_ms=HOP_MS, sample_rate=SAMPLE_RATE):
    """First samples of the frames of audio that is padded by half a window at both ends."""
    hop = hop_ms * sample_rate / 1000
    return [round(k * hop) for k in range(int(n_samples / hop) + 1) if round(k * hop) <= n_samples]


def frame(audio, window=WINDOW, hop_ms=HOP_MS, sample_rate=SAMPLE_RATE):
    """(n_sounds, n_samples) to (n_sounds, n_frames, window)."""
    padded = torch.nn.functional.pad(audio, (window // 2, window - window // 2))
    first = torch.tensor(starts(audio.shape[1], hop_ms, sample_rate), device=audio.device)
    return padded[:, first[:, None] + torch.arange(window, device=audio.device)]


def times(n_sounds, n_frames, device, hop_ms=HOP_MS):
    """Milliseconds, (n_sounds, n_frames)."""
    one = torch.arange(n_frames, dtype=torch.float64, device=device) * hop_ms
    return one.float().expand(n_sounds, -1)


@torch.no_grad()
def get_timestamp_embeddings(audio, model):
    embeddings = model(frame(audio))
    return embeddings, times(len(audio), embeddings.shape[1], audio.device)


@torch.no_grad()
def get_scene_embeddings(audio, model):
    return model(frame(audio)).mean(1)
