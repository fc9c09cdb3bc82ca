"""The shape of a model, and the config.json that says it.

Only what this engine computes exactly is accepted: an OLMo-2 block without biases, clipping or tied embeddings.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flexcore.untrusted import Fields, Malformed, shown

DTYPE_SIZE = {"F32": 4, "BF16": 2}
TORCH_DTYPE = {"F32": "float32", "BF16": "bfloat16"}  # as config.json spells it
DTYPE_OF_TORCH = {spelled: dtype for dtype, spelled in TORCH_DTYPE.items()}
LEFT_AT_DEFAULT = {  # a config may say these things only in this way
    "hidden_act": "silu",
    "attention_bias": False,
    "tie_word_embeddings": False,
    "clip_qkv": None,
    "norm_topk_prob": False,
    "quantization_config": None,
    "auto_map": None,
}


@dataclass(frozen=True, slots=True)
class Dimensions:
    """As much of an architecture as an expert has to fit."""

    hidden_size: int
    intermediate_size: int
    num_hidden_layers: int
    dtype: str  # "F32" or "BF16"

    @classmethod
    def from_card(cls, fields: Fields) -> "Dimensions":
        dtype = fields.value.get("dtype")
        if not isinstance(dtype, str) or dtype not in DTYPE_SIZE:
            fields.refuse("dtype", "F32 or BF16")
        return cls(
            hidden_size=fields.integer("hidden_size", low=1, high=2**16),
            intermediate_size=fields.integer("intermediate_size", low=1, high=2**20),
            num_hidden_layers=fields.integer("num_hidden_layers", low=1, high=1024),
            dtype=dtype,
        )


@dataclass(frozen=True, slots=True)
class Architecture:
    """Everything that decides which tensors an anchor has and how they are used."""

    vocab_size: int
    hidden_size: int
    intermediate_size: int
    num_hidden_layers: int
    num_attention_heads: int
    num_key_value_heads: int
    max_position_embeddings: int
    rms_norm_eps: float
    rope_theta: float
    pad_token_id: int
    eos_token_id: int
    dtype: str  # "F32" or "BF16"

    @property
    def dimensions(self) -> Dimensions:
        return Dimensions(self.hidden_size, self.intermediate_size, self.num_hidden_layers, self.dtype)

    @property
    def head_size(self) -> int:
        return self.hidden_size // self.num_attention_heads

    @classmethod
    def from_config(cls, config: Mapping[str, object], *, label: str = "config.json") -> "Architecture":
        """From an OLMo-2 or FlexOlmo config.json; anything this engine would compute otherwise is refused."""
        fields = Fields(config, label)
        if config.get("model_type") not in ("olmo2", "flex_olmo"):
            fields.refuse("model_type", "olmo2 or flex_olmo")
        for key, only in LEFT_AT_DEFAULT.items():
            if config.get(key, only) != only:
                raise Malformed(f"{label}: {key} is {shown(config[key])}, which is not supported; leave it out.")
        dtype = DTYPE_OF_TORCH.get(str(config.get("dtype", config.get("torch_dtype"))))
        if dtype is None:
            fields.refuse("dtype", "float32 or bfloat16")
        vocab_size = fields.integer("vocab_size", low=2, high=2**24)
        heads = fields.integer("num_attention_heads", low=1, high=4096)
        architecture = cls(
            vocab_size=vocab_size,
            hidden_size=fields.integer("hidden_size", low=1, high=2**16),
            intermediate_size=fields.integer("intermediate_size", low=1, high=2**20),
            num_hidden_layers=fields.integer("num_hidden_layers", low=1, high=1024),
            num_attention_heads=heads,
            num_key_value_heads=_key_value_heads(fields, heads),
            max_position_embeddings=fields.integer("max_position_embeddings", low=1, high=2**24),
            rms_norm_eps=fields.number("rms_norm_eps", low=1e-12, high=1e-1),
            rope_theta=_rope_theta(fields),
            pad_token_id=fields.integer("pad_token_id", high=vocab_size - 1),
            eos_token_id=fields.integer("eos_token_id", high=vocab_size - 1),
            dtype=dtype,
        )
        head_size = architecture.head_size
        if head_size * heads != architecture.hidden_size or head_size % 2:
            raise Malformed(
                f"{label}: {heads} heads do not divide a width of {architecture.hidden_size} into even parts;"
                " correct num_attention_heads."
            )
        if config.get("head_dim") not in (None, head_size):
            raise Malformed(f"{label}: head_dim must be {head_size}, the width over the heads; leave it out.")
        return architecture


def _key_value_heads(fields: Fields, heads: int) -> int:
    if fields.value.get("num_key_value_heads") is None:
        return heads
    found = fields.integer("num_key_value_heads", low=1, high=heads)
    if heads % found:
        fields.refuse("num_key_value_heads", f"a divisor of the {heads} attention heads")
    return found


def _rope_theta(fields: Fields) -> float:
    """Both spellings are in use: `rope_parameters` since transformers 5, a bare `rope_theta` before.

    Each generation reads one and passes over the other, so two that differ would be two models.
    """
    if fields.value.get("rope_scaling") is not None:
        raise Malformed(f"{fields.label}: rope_scaling is not supported; leave it out.")
    if fields.value.get("rope_parameters") is None:
        return fields.number("rope_theta", low=1.0, high=1e12)
    section = fields.section("rope_parameters")
    if section.value.get("rope_type", "default") != "default":
        section.refuse("rope_type", "default")
    theta = section.number("rope_theta", low=1.0, high=1e12)
    if fields.value.get("rope_theta") not in (None, theta):
        fields.refuse("rope_theta", f"{theta}, as rope_parameters has it")
    return theta


def olmo2_config(a: Architecture) -> dict[str, Any]:
    """config.json of the dense public model."""
    return {"architectures": ["Olmo2ForCausalLM"], "model_type": "olmo2", **_block(a)}


def flexolmo_config(a: Architecture, *, num_experts: int, top_k: int) -> dict[str, Any]:
    """config.json of a composed model, as transformers and vLLM read it."""
    if not 1 <= top_k <= num_experts:
        raise Malformed(f"A token cannot ask {top_k} of {num_experts} experts; choose top_k from 1 to {num_experts}.")
    return {
        "architectures": ["FlexOlmoForCausalLM"],
        "model_type": "flex_olmo",
        **_block(a),
        "norm_topk_prob": False,
        "num_experts": num_experts,
        "num_experts_per_tok": top_k,
        "output_router_logits": False,
        "router_aux_loss_coef": 0.01,
    }


def generation_config(a: Architecture) -> dict[str, Any]:
    return {"_from_model_config": True, "eos_token_id": a.eos_token_id, "pad_token_id": a.pad_token_id}


def _block(a: Architecture) -> dict[str, Any]:
    return {
        "attention_bias": False,
        "attention_dropout": 0.0,
        "bos_token_id": None,
        "dtype": TORCH_DTYPE[a.dtype],
        "eos_token_id": a.eos_token_id,
        "hidden_act": "silu",
        "hidden_size": a.hidden_size,
        "initializer_range": 0.02,
        "intermediate_size": a.intermediate_size,
        "max_position_embeddings": a.max_position_embeddings,
        "num_attention_heads": a.num_attention_heads,
        "num_hidden_layers": a.num_hidden_layers,
        "num_key_value_heads": a.num_key_value_heads,
        "pad_token_id": a.pad_token_id,
        "rms_norm_eps": a.rms_norm_eps,
        "rope_parameters": {"rope_theta": a.rope_theta, "rope_type": "default"},
        "rope_theta": a.rope_theta,  # for transformers 4, which does not know the line above
        "tie_word_embeddings": False,
        "use_cache": True,
        "vocab_size": a.vocab_size,
    }
