"""The engine at the command line: make an anchor, train an expert beside it, look into packages, compose, measure.

Bad input is answered with one sentence and exit status 2; a training that was stopped goes on with the same command.
"""

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from flexcore.cards import MAX_CARD, read_data_card
from flexcore.checkpoints import open_checkpoint
from flexcore.evaluation.bits_per_byte import bits_per_byte, cut, windows
from flexcore.loading import ANCHOR_CARD, load, load_composed
from flexcore.merging.flexolmo import compose, members_in_order
from flexcore.model.transformer import FlexOlmo
from flexcore.package import check_anchor_package, check_expert_package
from flexcore.splitting import join_dense, split_expert
from flexcore.training import sharding
from flexcore.training.anchor import WEIGHT_DECAY, AnchorOrder, Size, import_anchor, make_anchor
from flexcore.training.documents import read_documents
from flexcore.training.expert import ExpertOrder, make_expert
from flexcore.training.journal import draw
from flexcore.training.loop import Astray, Plan, bf16_helps, keep_memory
from flexcore.training.privacy import Privacy
from flexcore.training.tokenizer import load_tokenizer
from flexcore.untrusted import Malformed

STOPPED = 130
ANCHOR_STEPS, EXPERT_STEPS = 2800, 440
SIZE, PLAN = Size(), Plan(steps=1)  # for their defaults


def main(arguments: Sequence[str] | None = None) -> int:
    asked = _parser().parse_args(arguments)
    if asked.threads:
        torch.set_num_threads(asked.threads)
    try:
        asked.command(asked)
    except (Malformed, Astray, ValueError, OSError) as refusal:
        print(f"flexcore: {refusal}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("flexcore: stopped; the same command goes on from the last checkpoint.", file=sys.stderr)
        return STOPPED
    return 0


def _anchor(asked: argparse.Namespace) -> None:
    keep_memory()
    size = Size(
        vocab_size=asked.vocabulary,
        hidden_size=asked.width,
        intermediate_size=asked.inner_width,
        layers=asked.layers,
        heads=asked.heads,
        positions=asked.positions,
    )
    corpus = asked.corpus / "public" / "train.jsonl" if asked.corpus.is_dir() else asked.corpus
    plan = _plan(asked, positions=asked.positions, weight_decay=WEIGHT_DECAY)
    contents = make_anchor(AnchorOrder(corpus=corpus, out=asked.out, size=size, plan=plan))
    print(f"{asked.out}: anchor {contents.digest}")


def _train(asked: argparse.Namespace) -> None:
    keep_memory()
    if asked.replay and asked.public is None:
        raise Malformed("replay needs public text; name a file with --public, or say --replay 0.")
    described = read_data_card(_read(asked.data_card))
    own = _sample(asked.held_out or asked.corpus.with_name("validation.jsonl"), asked.measure_bytes)
    texts = {"own": own}
    if asked.public is not None:
        held_out = asked.public_held_out or asked.public.with_name("validation.jsonl")
        texts["public"] = _sample(held_out, asked.measure_bytes)
    positions = check_anchor_package(asked.anchor).architecture.max_position_embeddings

    def measure(anchor: FlexOlmo, pair: FlexOlmo) -> Mapping[str, Any]:
        return {
            name: {
                "bytes": sum(len(document.encode()) for document in documents),
                "bits_per_byte_before": round(_bits(anchor, documents, asked.anchor), 4),
                "bits_per_byte_after": round(_bits(pair, documents, asked.anchor), 4),
            }
            for name, documents in texts.items()
        }

    order = ExpertOrder(
        anchor=asked.anchor,
        corpus=asked.corpus,
        public=asked.public,
        out=asked.out,
        name=asked.name or asked.out.name,
        data_card=described,
        plan=_plan(asked, positions=positions),
        replay=asked.replay,
        bias=asked.bias,
        privacy=None if asked.epsilon is None else Privacy(asked.epsilon, asked.delta, asked.dp_clip),
    )
    with sharding.processes():
        contents = make_expert(order, measure)
        if sharding.number() > 0:
            return
    print(f"{asked.out}: expert {contents.data_digest}")
    for name, found in contents.card["evaluation"].items():
        before, after = found["bits_per_byte_before"], found["bits_per_byte_after"]
        print(f"  {name:<8} {before:.4f} -> {after:.4f} bits per byte ({after / before - 1:+.1%})")


def _plot(asked: argparse.Namespace) -> None:
    draw(asked.journal, asked.out)
    print(f"{asked.out}: drawn from {asked.journal}")


def _inspect(asked: argparse.Namespace) -> None:
    print(json.dumps(_described(asked.path), indent=2, default=str))


def _compose(asked: argparse.Namespace) -> None:
    top_k = asked.top_k or 1 + len(asked.packages)
    manifest = compose(
        asked.anchor, members_in_order(asked.packages), asked.out, top_k=top_k, drop_bias=asked.drop_bias
    )
    print(f"{asked.out}: revision {manifest.revision()}")


def _split(asked: argparse.Namespace) -> None:
    checkpoint = open_checkpoint(asked.checkpoint)
    if asked.slot is None:
        documents = None if asked.public is None else read_documents(asked.public)
        contents = import_anchor(checkpoint, asked.out, documents=documents)
        print(f"{asked.out}: anchor {contents.digest}")
        return
    if asked.anchor is None or asked.data_card is None:
        raise Malformed("an expert's package names its anchor and its data; give --anchor and --data-card.")
    described = read_data_card(_read(asked.data_card))
    expert = split_expert(checkpoint, asked.slot, asked.out, anchor=asked.anchor, data_card=described)
    print(f"{asked.out}: expert {expert.data_digest}")


def _join(asked: argparse.Namespace) -> None:
    if asked.packages:
        _compose(asked)
    else:
        join_dense(asked.anchor, asked.out)
        print(f"{asked.out}: dense checkpoint")


def _evaluate(asked: argparse.Namespace) -> None:
    model = load(asked.model, asked.package, top_k=asked.top_k)
    domains = asked.domains or sorted(p.parent.name for p in asked.corpus.glob(f"*/{asked.split}.jsonl"))
    if not domains:
        raise Malformed(f"{asked.corpus} has no */{asked.split}.jsonl; name a corpus or another --split.")
    for domain in domains:
        documents = _sample(asked.corpus / domain / f"{asked.split}.jsonl", asked.bytes)
        bits = _bits(model, documents, asked.model, active=asked.active)
        print(json.dumps({"domain": domain, "bits_per_byte": bits}) if asked.json else f"{domain:<12} {bits:.4f}")


def _bits(model: FlexOlmo, documents: Sequence[str], tokenizer: Path, *, active: Sequence[int] | None = None) -> float:
    positions = model.architecture.max_position_embeddings
    text = windows(documents, load_tokenizer(tokenizer), positions=positions)
    return bits_per_byte(lambda token_BS: model(token_BS, active), text)


def _described(path: Path) -> dict[str, Any]:
    if (path / ANCHOR_CARD).is_file():
        anchor = check_anchor_package(path)
        return {"kind": "anchor", "digest": anchor.digest, "public_expert": anchor.data_digest} | _short(anchor)
    if (path / "expert.json").is_file():
        expert = check_expert_package(path)
        return {"kind": "expert", "digest": expert.data_digest, "router": expert.router_digest} | _short(expert)
    model = load_composed(path)
    return {
        "kind": "composed model",
        "architecture": str(model.architecture),
        "experts": model.num_experts,
        "top_k": model.top_k,
    }


def _short(contents: Any) -> dict[str, Any]:
    """A card without its long vector, and the files."""
    card = json.loads(json.dumps(dict(contents.card)))
    for holder, key in ((card, "public_vector"), (card.get("domain_embedding", {}), "vector")):
        if key in holder:
            holder[key] = f"{len(holder[key])} numbers"
    files = {name: {"size": contents.file_sizes[name], "digest": d} for name, d in contents.file_digests.items()}
    return {"card": card, "data_card": getattr(contents, "data_card", None), "files": files}


def _plan(asked: argparse.Namespace, *, positions: int, weight_decay: float = 0.0) -> Plan:
    return Plan(
        steps=asked.steps,
        batch=asked.batch,
        positions=positions,
        learning_rate=asked.learning_rate,
        warmup=min(40, max(1, asked.steps // 10)),
        weight_decay=weight_decay,
        seed=asked.seed,
        bf16=bf16_helps() if asked.precision == "auto" else asked.precision == "bf16",
    )


def _sample(path: Path, limit_bytes: int | None) -> list[str]:
    return cut(read_documents(path), limit_bytes)


def _read(path: Path) -> bytes:
    if not path.is_file():
        raise Malformed(f"{path} is not a file; name the JSON file that describes your data.")
    with path.open("rb") as file:
        return file.read(MAX_CARD + 1)


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not 1 or more")
    return number


def _seed(text: str) -> int:
    number = int(text)
    if not 0 <= number < 2**32:
        raise argparse.ArgumentTypeError(f"{text} is not from 0 to 2^32 - 1")
    return number


def _share(text: str) -> float:
    number = float(text)
    if not 0 <= number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a share from 0 to below 1")
    return number


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="flexcore", description="Experts for FlexOlmo models: train, look, merge.")
    commands = parser.add_subparsers(required=True, metavar="command")

    def command(name: str, run: Callable[[argparse.Namespace], None], text: str) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = commands.add_parser(name, help=text, description=text)
        made.set_defaults(command=run)
        made.add_argument("--threads", type=_positive, help="processor threads (default: what OpenMP says)")
        return made

    _anchor_options(command("anchor", _anchor, "Make an anchor: a tokenizer and a small model, of public text alone."))
    _train_options(command("train", _train, "Train an expert beside an anchor, at home, and write its package."))
    plot = command("plot", _plot, "Draw a training's journal (OUT.metrics.jsonl) as SVG.")
    plot.add_argument("journal", type=Path)
    plot.add_argument("--out", type=Path, required=True)
    inspect = command("inspect", _inspect, "Check a package or a composed model, and say what is in it.")
    inspect.add_argument("path", type=Path)
    _compose_options(command("compose", _compose, "Compose an anchor and expert packages into a model."))
    _split_options(command("split", _split, "Take an anchor, or one expert, out of a checkpoint of transformers."))
    _compose_options(
        command("join", _join, "The way back: an anchor alone as a dense checkpoint, with packages as a FlexOlmo."),
        packages="*",
    )
    _evaluate_options(command("evaluate", _evaluate, "Bits per byte of a model, domain by domain."))
    return parser


def _anchor_options(anchor: argparse.ArgumentParser) -> None:
    anchor.add_argument("--corpus", type=Path, required=True, help="folder with public/train.jsonl, or a .jsonl file")
    _training_options(anchor, steps=ANCHOR_STEPS)
    for option, default in (
        ("--vocabulary", SIZE.vocab_size),
        ("--width", SIZE.hidden_size),
        ("--inner-width", SIZE.intermediate_size),
        ("--layers", SIZE.layers),
        ("--heads", SIZE.heads),
        ("--positions", SIZE.positions),
    ):
        anchor.add_argument(option, type=_positive, default=default, help=f"(default {default})")


def _train_options(train: argparse.ArgumentParser) -> None:
    train.add_argument("--anchor", type=Path, required=True)
    train.add_argument("--corpus", type=Path, required=True, help="your text: .jsonl, .txt, .parquet or a folder")
    train.add_argument(
        "--public",
        type=Path,
        help="public training text, on which the expert learns to leave the anchor's answers alone",
    )
    train.add_argument("--replay", type=_share, default=0.25, help="share of public text (default 0.25)")
    train.add_argument("--bias", action="store_true", help="learn a negative router bias (stock models hold none)")
    train.add_argument("--epsilon", type=float, help="train with differential privacy (DP-SGD) for each document")
    train.add_argument("--delta", type=float, default=1e-6, help="the chance that epsilon does not hold (default 1e-6)")
    train.add_argument("--dp-clip", type=float, default=0.5, help="bound on a document's gradient (default 0.5)")
    train.add_argument("--data-card", type=Path, required=True, help="JSON that describes your data")
    train.add_argument("--name", help="shown with the progress (default: the folder's name)")
    train.add_argument("--held-out", type=Path, help="text to measure on (default: validation.jsonl beside the corpus)")
    train.add_argument("--public-held-out", type=Path, help="the same for the public text")
    train.add_argument("--measure-bytes", type=_positive, default=100_000, help="how much of the held-out text")
    _training_options(train, steps=EXPERT_STEPS)


def _training_options(parser: argparse.ArgumentParser, *, steps: int) -> None:
    parser.add_argument("--out", type=Path, required=True, help="folder to write; it must not be there yet")
    parser.add_argument("--steps", type=_positive, default=steps, help=f"the whole budget (default {steps})")
    parser.add_argument("--batch", type=_positive, default=PLAN.batch, help="sequences a step")
    parser.add_argument("--learning-rate", type=float, default=PLAN.learning_rate)
    parser.add_argument("--seed", type=_seed, default=0)
    parser.add_argument("--precision", choices=("auto", "fp32", "bf16"), default="auto")


def _split_options(split: argparse.ArgumentParser) -> None:
    split.add_argument("checkpoint", type=Path, help="folder with config.json, safetensors files and tokenizer")
    split.add_argument("--out", type=Path, required=True, help="folder to write; it must not be there yet")
    split.add_argument("--public", type=Path, help="public text: a dense checkpoint's router row is made of it")
    split.add_argument("--slot", type=_positive, help="take this expert (default: the anchor, from slot 0)")
    split.add_argument("--anchor", type=Path, help="the expert's anchor; what they share must be equal, bit for bit")
    split.add_argument("--data-card", type=Path, help="JSON that describes the expert's data")


def _compose_options(merge: argparse.ArgumentParser, *, packages: str = "+") -> None:
    merge.add_argument("--anchor", type=Path, required=True)
    merge.add_argument("--out", type=Path, required=True)
    merge.add_argument("--top-k", type=_positive, help="experts asked for each token (default: all)")
    merge.add_argument("--drop-bias", action="store_true", help="leave router biases out: the model is another then")
    merge.add_argument("packages", type=Path, nargs=packages, metavar="PACKAGE")


def _evaluate_options(evaluate: argparse.ArgumentParser) -> None:
    evaluate.add_argument("--model", type=Path, required=True, help="a composed model, or an anchor")
    evaluate.add_argument("--package", type=Path, nargs="*", default=[], help="expert packages beside the anchor")
    evaluate.add_argument("--corpus", type=Path, required=True, help="folder with <domain>/test.jsonl")
    evaluate.add_argument("--domains", nargs="*", help="default: all that are there")
    evaluate.add_argument("--split", default="test", choices=("train", "validation", "test"))
    evaluate.add_argument("--active", type=int, nargs="*", help="slots of the experts to leave open (default: all)")
    evaluate.add_argument("--top-k", type=_positive, help="experts asked for each token")
    evaluate.add_argument("--bytes", type=_positive, help="at most so much of each text")
    evaluate.add_argument("--json", action="store_true", help="one JSON object a line, with all digits")


if __name__ == "__main__":
    sys.exit(main())
