"""Which tensors a file holds, in which order and shape, and what each is called inside a composed model.

An architecture decides all of it; so a header can be made again at any time without reading a weight.
"""

from collections.abc import Mapping

from flexcore.config import Architecture, Dimensions

Layout = Mapping[str, tuple[int, ...]]  # name to shape; the order is the order in the file


def expert_layout(d: Dimensions) -> Layout:
    """expert.safetensors of a package: every layer's gate, up and down projection."""
    wide, narrow = (d.intermediate_size, d.hidden_size), (d.hidden_size, d.intermediate_size)
    shapes = {"gate_proj": wide, "up_proj": wide, "down_proj": narrow}
    return {
        f"layers.{layer}.{part}.weight": shape for layer in range(d.num_hidden_layers) for part, shape in shapes.items()
    }


def router_layout(d: Dimensions, *, bias: bool) -> Layout:
    """router.safetensors of a package: one row a layer, and one number beside it where a bias was kept."""
    found: dict[str, tuple[int, ...]] = {}
    for layer in range(d.num_hidden_layers):
        found[f"layers.{layer}.router.weight"] = (d.hidden_size,)
        if bias:
            found[f"layers.{layer}.router.bias"] = ()
    return found


def shared_layout(a: Architecture) -> Layout:
    """shared.safetensors of an anchor: all but the FFN, under the names a composed model gives them."""
    query, key = a.num_attention_heads * a.head_size, a.num_key_value_heads * a.head_size
    found: dict[str, tuple[int, ...]] = {"model.embed_tokens.weight": (a.vocab_size, a.hidden_size)}
    for layer in range(a.num_hidden_layers):
        parts = {
            "self_attn.q_proj": (query, a.hidden_size),
            "self_attn.k_proj": (key, a.hidden_size),
            "self_attn.v_proj": (key, a.hidden_size),
            "self_attn.o_proj": (a.hidden_size, query),
            "self_attn.q_norm": (query,),
            "self_attn.k_norm": (key,),
            "post_attention_layernorm": (a.hidden_size,),
            "post_feedforward_layernorm": (a.hidden_size,),
        }
        found.update({f"model.layers.{layer}.{part}.weight": shape for part, shape in parts.items()})
    found["model.norm.weight"] = (a.hidden_size,)
    found["lm_head.weight"] = (a.vocab_size, a.hidden_size)
    return found


def slot_layout(d: Dimensions, slot: int) -> Layout:
    """expert-NN.safetensors of a composed model: the same tensors in the same order, named for their slot."""
    return {_in_slot(name, slot): shape for name, shape in expert_layout(d).items()}


def gate_layout(d: Dimensions, num_experts: int) -> Layout:
    """router.safetensors of a composed model: every expert's row, in slot order."""
    shape = (num_experts, d.hidden_size)
    return {f"model.layers.{layer}.mlp.gate.weight": shape for layer in range(d.num_hidden_layers)}


def _in_slot(name: str, slot: int) -> str:
    _, layer, part, _ = name.split(".")
    return f"model.layers.{layer}.mlp.experts.{slot}.{part}.weight"
