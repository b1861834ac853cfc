"""Small Whisper models of random weights, of windows of 3 s where that proves the same as 30 s."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..wav2vec2.models import scatter, transformers

SECONDS = 3

SIZES = {
    "num_mel_bins": 80,
    "d_model": 64,
    "encoder_layers": 3,
    "encoder_attention_heads": 2,
    "encoder_ffn_dim": 96,
    "max_source_positions": 50 * SECONDS,
}

DECODER = {
    "decoder_layers": 1,
    "decoder_attention_heads": 2,
    "decoder_ffn_dim": 16,
    "max_target_positions": 4,
    "vocab_size": 8,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "decoder_start_token_id": 3,
}


def saved(folder: Path, head: str = "Model", **settings: Any) -> Any:
    """A transformers model in evaluation mode, as `save_pretrained` left it in a folder.

    Args:
        folder: Where.
        head: What the class is called behind "Whisper".
        settings: Further arguments of the configuration.
    """
    transformers()
    from transformers.models.whisper import modeling_whisper

    module: Any = modeling_whisper
    config = module.WhisperConfig(**{**SIZES, **DECODER, **settings})
    model = getattr(module, f"Whisper{head}")(config).eval()
    scatter(model)
    model.save_pretrained(folder)
    return model


def as_openai(model: Any) -> dict[str, Any]:
    """What OpenAI's file of a transformers `WhisperModel` would hold."""
    parts = {
        "layers.": "blocks.",
        "self_attn.q_proj": "attn.query",
        "self_attn.k_proj": "attn.key",
        "self_attn.v_proj": "attn.value",
        "self_attn.out_proj": "attn.out",
        "self_attn_layer_norm": "attn_ln",
        "fc1": "mlp.0",
        "fc2": "mlp.2",
        "final_layer_norm": "mlp_ln",
        "embed_positions.weight": "positional_embedding",
    }
    state: dict[str, Tensor] = {"decoder.ln.weight": torch.zeros(64)}
    for name, tensor in model.encoder.state_dict().items():
        if name.startswith("layer_norm."):
            name = name.replace("layer_norm", "ln_post")
        for ours, theirs in parts.items():
            name = name.replace(ours, theirs)
        state[f"encoder.{name}"] = tensor
    config = model.config
    dims = {
        "n_mels": config.num_mel_bins,
        "n_audio_ctx": config.max_source_positions,
        "n_audio_state": config.d_model,
        "n_audio_head": config.encoder_attention_heads,
        "n_audio_layer": config.encoder_layers,
        "n_vocab": config.vocab_size,
        "n_text_ctx": config.max_target_positions,
        "n_text_state": config.d_model,
        "n_text_head": config.decoder_attention_heads,
        "n_text_layer": config.decoder_layers,
    }
    return {"dims": dims, "model_state_dict": state}
