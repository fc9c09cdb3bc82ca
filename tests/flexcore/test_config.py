"""The shape of a model: what config.json may say, and what this engine would compute otherwise is refused."""

from dataclasses import replace
from typing import Any

import pytest
import transformers

from flexcore.config import Architecture, flexolmo_config, olmo2_config
from flexcore.untrusted import Malformed
from tests.flexcore.packages import TINY


@pytest.mark.parametrize("architecture", [TINY, replace(TINY, dtype="BF16", rope_theta=10000.0)])
def test_a_config_says_its_architecture(architecture: Architecture) -> None:
    assert Architecture.from_config(olmo2_config(architecture)) == architecture
    assert Architecture.from_config(flexolmo_config(architecture, num_experts=3, top_k=2)) == architecture


def test_what_transformers_writes_is_read() -> None:
    theirs = transformers.Olmo2Config(**olmo2_config(TINY)).to_dict()

    assert Architecture.from_config(theirs) == TINY


def test_transformers_reads_ours_as_it_is() -> None:
    ours = flexolmo_config(TINY, num_experts=3, top_k=2)

    theirs = transformers.FlexOlmoConfig(**ours).to_dict()

    assert theirs | ours == theirs | {"rope_theta": TINY.rope_theta}  # that line is for transformers 4


def test_the_old_spelling_of_the_rotary_base_is_read() -> None:
    config = olmo2_config(TINY)
    del config["rope_parameters"]

    assert Architecture.from_config(config | {"rope_theta": 500000}) == TINY


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"model_type": "llama"}, "model_type must be olmo2 or flex_olmo, not 'llama'"),
        ({"tie_word_embeddings": True}, "tie_word_embeddings is True, which is not supported"),
        ({"hidden_act": "gelu"}, "hidden_act is gelu"),
        ({"auto_map": {"AutoModel": "evil.Model"}}, "auto_map is"),
        ({"dtype": "float16"}, "dtype must be float32 or bfloat16, not 'float16'"),
        ({"num_attention_heads": 3, "num_key_value_heads": None}, "3 heads do not divide a width of 64"),
        ({"num_key_value_heads": 3}, "num_key_value_heads must be a divisor of the 4 attention heads"),
        ({"head_dim": 8}, "head_dim must be 16"),
        ({"pad_token_id": 96}, "pad_token_id must be a whole number from 0 to 95, not 96"),
        ({"eos_token_id": None}, "eos_token_id must be a whole number"),
        ({"hidden_size": "64"}, "hidden_size must be a whole number"),
        ({"rms_norm_eps": 0}, "rms_norm_eps must be a number from 1e-12 to 0.1"),
        ({"rope_parameters": {"rope_type": "yarn", "rope_theta": 1e4}}, "rope_type must be default"),
        ({"rope_parameters": {}}, "rope_parameters lacks rope_theta"),
        ({"rope_theta": 1e4}, "rope_theta must be 500000.0, as rope_parameters has it"),
        ({"rope_scaling": {"factor": 2}}, "rope_scaling is not supported"),
    ],
)
def test_what_would_be_computed_otherwise_is_refused(change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Malformed) as refusal:
        Architecture.from_config(olmo2_config(TINY) | change)

    assert sentence in str(refusal.value)


@pytest.mark.parametrize("top_k", [0, 4])
def test_a_token_asks_no_more_experts_than_there_are(top_k: int) -> None:
    with pytest.raises(Malformed, match="choose top_k from 1 to 3"):
        flexolmo_config(TINY, num_experts=3, top_k=top_k)
