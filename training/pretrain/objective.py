"""The pretraining objective of wav2vec 2.0: name the right quantised latent behind each mask.

Baevski, Zhou, Mohamed and Auli: "wav2vec 2.0: A Framework for Self-Supervised Learning of Speech
Representations", NeurIPS 2020, sections 2 and 3. Where this differs from the paper, for a model
that is to hear more than speech, it says so.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from hearbaseline.wav2vec2.extractor import Geometry
from hearbaseline.wav2vec2.network import Network
from training.pretrain.spectra import Spectra


@dataclass(frozen=True)
class Objective:
    """The numbers of the objective.

    Attributes:
        mask_share: Of the frames that spans would cover if they did not overlap. In the paper
            each frame starts a span with probability 0.065, so 0.65.
        mask_span: Frames masked in a row.
        codebooks: Groups of the product quantiser.
        entries: Entries of each codebook.
        target_size: Dimension in which contexts and targets are compared.
        negatives: Distractors from the masked frames of the same sound.
        cross_negatives: Distractors from those of the whole batch. The paper has none, which
            lets a model ignore what stays the same within a sound, such as who speaks or which
            instrument plays.
        temperature: Of the cosine similarities.
        diversity_weight: Of the diversity loss: 0.1 in the paper, with which a short run ends with
            a tenth of the entries in use.
        gumbel: Greatest and least temperature of the Gumbel softmax.
        spectra_weight: Of the mean squared error of log-mel spectra (`training.pretrain.spectra`)
            that are read off each frame linearly, those behind masks included. The paper has none.
    """

    mask_share: float = 0.65
    mask_span: int = 10
    codebooks: int = 2
    entries: int = 160
    target_size: int = 128
    negatives: int = 40
    cross_negatives: int = 80
    temperature: float = 0.1
    diversity_weight: float = 1.0
    gumbel: tuple[float, float] = (2.0, 0.5)
    spectra_weight: float = 4.0


@dataclass(frozen=True)
class Loss:
    """One batch's loss and what it is made of.

    Attributes:
        total: What is minimised; a scalar with a gradient.
        contrastive: Mean cross entropy of the masked frames, nats.
        accuracy: Share of the masked frames whose own target alone is the most similar.
        perplexity: exp(entropy) of the mean use of the entries, over the codebooks: how many
            entries are in use, at most codebooks x entries.
        spectra: Mean squared error of the spectra, 1 for a model that knows nothing.
    """

    total: Tensor
    contrastive: Tensor
    accuracy: Tensor
    perplexity: Tensor
    spectra: Tensor


class Quantiser(nn.Module):
    """Product quantisation with the Gumbel softmax (section 2, "Quantization module").

    Args:
        n_in: Dimension of a latent.
        objective: Its codebooks.
    """

    def __init__(self, n_in: int, objective: Objective):
        super().__init__()
        self.shape = (objective.codebooks, objective.entries)
        # Not in the paper. What all latents share, nearly everything before they are trained,
        # would choose the same few entries for all: without it a short run stays with 12 of 320.
        self.spread = nn.BatchNorm1d(n_in, affine=False, track_running_stats=False)
        self.logits = nn.Linear(n_in, objective.codebooks * objective.entries)
        # As the authors' code draws them: spread enough for all entries to be chosen at first.
        nn.init.normal_(self.logits.weight, std=1.0)
        nn.init.zeros_(self.logits.bias)
        size = objective.target_size // objective.codebooks
        self.entries = nn.Parameter(torch.rand(*self.shape, size))

    def forward(
        self, latents: Tensor, temperature: float, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """Choose an entry of each codebook for each latent.

        Args:
            latents: Shape (n, n_in).
            temperature: Of the Gumbel softmax.
            generator: Of the noise, on the CPU.

        Returns:
            The chosen entries side by side, shape (n, target_size), with straight-through
            gradients, and the mean probabilities of all entries, shape (codebooks, entries).
        """
        logits = self.logits(self.spread(latents)).float().unflatten(1, self.shape)
        uniform = torch.rand(logits.shape, generator=generator).clamp(1e-9, 1 - 1e-7)
        noise = -(-uniform.log()).log()
        soft = ((logits + noise.to(logits.device)) / temperature).softmax(dim=-1)
        hard = F.one_hot(soft.argmax(dim=-1), self.shape[1]).to(soft.dtype)
        chosen = hard + soft - soft.detach()
        return (
            torch.einsum("ngv,gvd->ngd", chosen, self.entries).flatten(1),
            logits.softmax(dim=-1).mean(dim=0),
        )


class Pretraining(nn.Module):
    """A wav2vec 2.0 model with what only its pretraining needs.

    Args:
        network: The layers, with random weights or those that training starts from.
        objective: The numbers of the objective.
    """

    def __init__(self, network: Network, objective: Objective):
        super().__init__()
        self.model = network
        self.objective = objective
        self.projection = self.model.encoder.feature_projection
        n_latent = self.projection.layer_norm.normalized_shape[0]
        size = self.projection.projection.out_features
        self.mask_embedding = nn.Parameter(torch.rand(size))
        self.quantiser = Quantiser(n_latent, objective)
        self.target_head = nn.Linear(objective.target_size, objective.target_size)
        self.context_head = nn.Linear(size, objective.target_size)
        geometry = Geometry.of(self.model.feature_extractor.conv_layers)
        self.spectra = Spectra(geometry.field, geometry.stride)
        self.spectra_head = nn.Linear(size, self.spectra.size)

    def layers(self) -> nn.ModuleList:
        """The transformer's."""
        layers: nn.ModuleList = self.model.encoder.transformer.layers
        return layers

    def forward(self, audio: Tensor, gumbel: float, generator: torch.Generator) -> Loss:
        """The loss of a batch.

        Args:
            audio: float32, shape (n_sounds, n_samples), each of zero mean and unit variance.
            gumbel: Temperature of the Gumbel softmax.
            generator: Of masks, noise and distractors, on the CPU, so that every device draws
                the same.

        Returns:
            The loss and its parts.
        """
        objective = self.objective
        latents = self.model.feature_extractor(audio)
        mask = draw_mask(len(latents), latents.shape[1], objective, generator)
        rows = mask.nonzero()[:, 0]
        mask = mask.to(audio.device)

        normed = self.projection.layer_norm(latents)
        inputs = self.projection.projection(normed)
        inputs = torch.where(mask[..., None], self.mask_embedding.to(inputs.dtype), inputs)
        outputs = self.model.encoder.transformer(inputs)
        contexts = self.context_head(outputs[mask])
        quantised, use = self.quantiser(normed[mask], gumbel, generator)
        targets = self.target_head(quantised)

        others = draw_negatives(rows, objective, generator).to(audio.device)
        contrastive, accuracy = contrast(contexts, targets, others, objective.temperature)
        entropy = -(use * (use + 1e-7).log()).sum(dim=-1)
        perplexity = entropy.exp().sum()
        diversity = 1 - perplexity / use.numel()
        spectra = F.mse_loss(self.spectra_head(outputs).float(), self.spectra(audio))
        total = (
            contrastive
            + objective.diversity_weight * diversity
            + objective.spectra_weight * spectra
        )
        parts = (part.detach() for part in (contrastive, accuracy, perplexity, spectra))
        return Loss(total, *parts)


def draw_mask(
    n_sounds: int, n_frames: int, objective: Objective, generator: torch.Generator
) -> Tensor:
    """Which frames are masked: spans that may overlap (section 3.1).

    Args:
        n_sounds: Rows.
        n_frames: Frames of each.
        objective: Share and span.
        generator: Of the starts.

    Returns:
        bool, shape (n_sounds, n_frames), with at least two masked frames in each row.
    """
    span = min(objective.mask_span, max(n_frames // 2, 2))
    spans = max(1, round(objective.mask_share * n_frames / span))
    starts = torch.rand(n_sounds, n_frames - span + 1, generator=generator).topk(
        min(spans, n_frames - span + 1)
    )
    frames = (starts.indices[..., None] + torch.arange(span)).flatten(1)
    return torch.zeros(n_sounds, n_frames, dtype=torch.bool).scatter_(1, frames, True)


def draw_negatives(rows: Tensor, objective: Objective, generator: torch.Generator) -> Tensor:
    """Distractors for each masked frame: other masked frames.

    Args:
        rows: Whose sound each masked frame is, ascending, shape (n,).
        objective: How many, of the same sound and of the batch.
        generator: Of the draw.

    Returns:
        Indices of masked frames, never a frame's own, shape (n, negatives + cross_negatives).
    """
    total = len(rows)
    counts = torch.bincount(rows)
    first = (counts.cumsum(0) - counts)[rows][:, None]
    count = counts[rows][:, None]
    own = torch.arange(total)[:, None]

    def others(begin: Tensor | int, among: Tensor | int, number: int) -> Tensor:
        drawn = torch.rand(total, number, generator=generator, dtype=torch.float64)
        index = begin + (drawn * (among - 1)).long()
        return index + (index >= own)  # step over the frame itself

    return torch.cat(
        [
            others(first, count, objective.negatives),
            others(0, total, objective.cross_negatives),
        ],
        dim=1,
    )


def contrast(
    contexts: Tensor, targets: Tensor, others: Tensor, temperature: float
) -> tuple[Tensor, Tensor]:
    """The contrastive loss (section 3.2): cross entropy of naming the own target.

    Args:
        contexts: Shape (n, size).
        targets: Shape (n, size).
        others: Indices of distractors, shape (n, n_others). One that was quantised like the own
            target stays, as in the paper. The authors' code leaves it out, so that a quantiser
            with a single answer has no loss at all; a small model finds that within 200 steps.
        temperature: Of the cosine similarities.

    Returns:
        Mean cross entropy, and the share of frames whose own target alone is the
        most similar.
    """
    contexts, targets = (F.normalize(x.float(), dim=-1) for x in (contexts, targets))
    # All pairs once: cheaper than to gather each frame's distractors.
    similarity = contexts @ targets.T
    own = similarity.diagonal()[:, None]
    logits = torch.cat([own, similarity.gather(1, others)], dim=1) / temperature
    loss = F.cross_entropy(logits, logits.new_zeros(len(logits), dtype=torch.long))
    accuracy = (logits[:, :1] > logits[:, 1:]).all(dim=1).float().mean()
    return loss, accuracy
