"""A wav2vec 2.0 that is trained and embeds within milliseconds."""

from typing import Any

TINY: dict[str, Any] = {
    "extractor_mode": "layer_norm",
    "extractor_conv_layer_config": [[8, 10, 5], [8, 8, 8], [8, 8, 8]],
    "extractor_conv_bias": True,
    "encoder_embed_dim": 8,
    "encoder_pos_conv_kernel": 4,
    "encoder_pos_conv_groups": 2,
    "encoder_num_layers": 2,
    "encoder_num_heads": 2,
    "encoder_ff_interm_features": 16,
    "encoder_layer_norm_first": True,
    "normalise": True,
    "layer": 1,
}
