"""Attention, MoE, norm, RoPE and the transformer they make."""
