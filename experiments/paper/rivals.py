"""The other methods, each one function from texts to logits; what had to be chosen was chosen on validation text."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from experiments.paper.recipe import PUBLIC
from experiments.paper.training import Workshop, domain_rows, load_dense
from flexcore.evaluation.bits_per_byte import Windows, bits_per_byte
from flexcore.loading import load_beside
from flexcore.merging.calibration import equal_norms, equal_spread, hold_back, sharpen, shift_to_margin
from flexcore.merging.choosing import Chosen, Classifier, PromptRouter, count_tokens
from flexcore.merging.ensembles import BranchTrainMerge, WeightedSoup
from flexcore.merging.stacking import average, without_coordination
from flexcore.merging.texts import Logits
from flexcore.model.transformer import FlexOlmo
from flexcore.training.corpus import Windows as TrainingWindows
from flexcore.training.tokenizer import encode, load_tokenizer

TEMPERATURES = (1.0, 10.0, 100.0)  # nats of the whole text
COUNTED = 200  # documents of each domain, for the classifier

Validation = Mapping[str, Windows]
Chose = dict[str, float]
LABELS = {
    PUBLIC: "an encyclopedia",
    "math": "mathematics",
    "code": "a computer program",
    "legal": "a court case",
    "drama": "a play",
    "news": "news",
    "medical": "medicine",
    "discussion": "an email",
}


def batch_of(shop: Workshop, domain: str, *, rows: int) -> Tensor:
    """token_BS of a domain's validation text."""
    text = TrainingWindows(
        shop.texts(domain, "validation"),
        load_tokenizer(shop.anchor),
        positions=shop.recipe.size.positions,
        wanted=rows,
        seed=shop.seed,
    )
    return torch.from_numpy(np.stack([text[number] for number in range(min(rows, text.count))])).long()[:, :-1]


def everybody(shop: Workshop, domains: Sequence[str], part: str = "whole") -> list[FlexOlmo]:
    """The public model and the dense one of each domain."""
    return [load_beside(shop.anchor), *(load_dense(shop, domain, part) for domain in domains)]


def _best(make: Callable[[float], Logits], validation: Validation) -> tuple[Logits, Chose]:
    """By the mean over all domains' validation text: more than the rival could know, so to its advantage."""
    means = {t: np.mean([bits_per_byte(make(t), text) for text in validation.values()]) for t in TEMPERATURES}
    chosen = min(means, key=lambda temperature: means[temperature])
    return make(chosen), {"temperature": chosen}


def _soup(shop: Workshop, domains: Sequence[str], validation: Validation) -> tuple[Logits, Chose]:
    return average(everybody(shop, domains)), {}


def _weighted_soup(shop: Workshop, domains: Sequence[str], validation: Validation) -> tuple[Logits, Chose]:
    models = everybody(shop, domains)
    return _best(lambda temperature: WeightedSoup(models, temperature), validation)


def _btm(shop: Workshop, domains: Sequence[str], validation: Validation) -> tuple[Logits, Chose]:
    models = everybody(shop, domains)
    return _best(lambda temperature: BranchTrainMerge(models, temperature, top_k=2), validation)


def _btm_before(shop: Workshop, domains: Sequence[str], validation: Validation) -> tuple[Logits, Chose]:
    models = everybody(shop, domains)
    return _best(lambda temperature: BranchTrainMerge(models, temperature, seen="before"), validation)


def classifier(shop: Workshop, domains: Sequence[str], part: str = "whole") -> tuple[Logits, Chose]:
    tokenizer, size = load_tokenizer(shop.anchor), shop.recipe.size.vocab_size
    counts = [count_tokens(encode(tokenizer, shop.texts(d)[:COUNTED]), size) for d in (PUBLIC, *domains)]
    choose = Classifier(torch.stack(counts))
    return Chosen(everybody(shop, domains, part), choose), _right(choose, shop, domains)


def _prompt(shop: Workshop, domains: Sequence[str], validation: Validation) -> tuple[Logits, Chose]:
    models = everybody(shop, domains)
    labels = [LABELS[domain] for domain in (PUBLIC, *domains)]
    positions = shop.recipe.size.positions
    router = PromptRouter(models[0], load_tokenizer(shop.anchor), labels, positions=positions)
    return Chosen(models, router), _right(router, shop, domains)


def _right(choose: Callable[[Tensor], Tensor], shop: Workshop, domains: Sequence[str]) -> Chose:
    """How often a validation text goes to the model of its own domain."""
    right = [
        float((choose(batch_of(shop, domain, rows=16)) == number).double().mean())
        for number, domain in enumerate((PUBLIC, *domains))
    ]
    return {"right": sum(right) / len(right)}


def _uncoordinated(shop: Workshop, domains: Sequence[str], validation: Validation) -> tuple[Logits, Chose]:
    dense = [load_dense(shop, domain) for domain in domains]
    k = min(shop.recipe.top_k, len(domains) + 1)
    return without_coordination(load_beside(shop.anchor), dense, domain_rows(shop, domains), top_k=k), {}


RIVALS: Mapping[str, Callable[[Workshop, Sequence[str], Validation], tuple[Logits, Chose]]] = {
    "no coordination": _uncoordinated,
    "soup": _soup,
    "soup, weighted": _weighted_soup,
    "BTM": _btm,
    "BTM, from the past": _btm_before,
    "classifier": lambda shop, domains, _: classifier(shop, domains),
    "prompt": _prompt,
}

CALIBRATIONS: Mapping[str, Callable[[FlexOlmo, Tensor], None]] = {
    "margin 0": lambda model, public_BS: shift_to_margin(model, public_BS, margin=0.0),
    "margin 2": lambda model, public_BS: shift_to_margin(model, public_BS, margin=2.0),
    "held back at 1": lambda model, public_BS: hold_back(model, public_BS, margin=1.0),
    "held back at 3": lambda model, public_BS: hold_back(model, public_BS, margin=3.0),
    "equal norms": lambda model, public_BS: equal_norms(model),
    "equal spread": equal_spread,
    "sharper by half": lambda model, public_BS: sharpen(model, by=1.5),
}
