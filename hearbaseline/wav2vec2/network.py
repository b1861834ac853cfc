"""The layers of wav2vec 2.0 and HuBERT, put together with random weights."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from hearbaseline._transformer import EncoderLayer, FeedForward, SelfAttention
from hearbaseline.wav2vec2.layers import (
    Encoder,
    FeatureExtractor,
    FeatureProjection,
    PositionalConvolution,
    Transformer,
)

CONVOLUTIONS = ((512, 10, 5), *[(512, 3, 2)] * 4, *[(512, 2, 2)] * 2)
"""Channels, taps and stride of each convolution in the published models."""


class Network(nn.Module):
    """All layers with random weights, in training mode.

    Args are those of `torchaudio.models.wav2vec2_model`; `aux_num_out`, the classes of a head for
    recognition, is known and not used. `weight_norm` says whether the positional convolution is
    made for training.

    Raises:
        ValueError: If the arguments contradict each other.
    """

    def __init__(
        self,
        *,
        extractor_mode: str,
        extractor_conv_layer_config: Sequence[Sequence[int]] | None,
        extractor_conv_bias: bool,
        encoder_embed_dim: int,
        encoder_pos_conv_kernel: int,
        encoder_pos_conv_groups: int,
        encoder_num_layers: int,
        encoder_num_heads: int,
        encoder_ff_interm_features: int,
        encoder_layer_norm_first: bool,
        encoder_projection_dropout: float = 0.0,
        encoder_attention_dropout: float = 0.0,
        encoder_ff_interm_dropout: float = 0.0,
        encoder_dropout: float = 0.0,
        encoder_layer_drop: float = 0.0,
        aux_num_out: int | None = None,  # noqa: ARG002 - see above
        weight_norm: bool = True,
    ):
        super().__init__()
        size = encoder_embed_dim
        sizes = extractor_conv_layer_config or CONVOLUTIONS
        # The order from here on decides which random numbers become which weights.
        self.feature_extractor = FeatureExtractor(extractor_mode, sizes, extractor_conv_bias)
        projection = FeatureProjection(sizes[-1][0], size, encoder_projection_dropout)
        positions = PositionalConvolution(
            size, encoder_pos_conv_kernel, encoder_pos_conv_groups, weight_norm
        )
        layers = [
            EncoderLayer(
                SelfAttention(size, encoder_num_heads, encoder_attention_dropout),
                FeedForward(
                    size, encoder_ff_interm_features, encoder_ff_interm_dropout, encoder_dropout
                ),
                size,
                dropout=encoder_dropout,
                layer_norm_first=encoder_layer_norm_first,
            )
            for _ in range(encoder_num_layers)
        ]
        transformer = Transformer(
            positions,
            layers,
            size,
            norm_at_end=encoder_layer_norm_first,
            dropout=encoder_dropout,
            layer_drop=encoder_layer_drop,
        )
        self.encoder = Encoder(projection, transformer)

    def forward(self, audio: Tensor) -> Tensor:
        """The last layer's output: (n_sounds, n_samples) to (n_sounds, n_frames, size)."""
        encoded: Tensor = self.encoder(self.feature_extractor(audio))
        return encoded
