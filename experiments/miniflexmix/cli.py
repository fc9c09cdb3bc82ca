"""The command line: `python -m experiments.miniflexmix --out DIR [--domains public,drama,code]`.

DIR/<domain>/{train,validation,test}.jsonl hold one document a line (id, domain, source, license, text);
DIR/manifest.json their sizes and digests; DIR/SOURCES.json what the text is and under which terms.
"""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from experiments.miniflexmix.benchmarks import write_benchmarks
from experiments.miniflexmix.documents import Document
from experiments.miniflexmix.fetching import Packages
from experiments.miniflexmix.local import LOCAL_KILOBYTES, local_documents
from experiments.miniflexmix.mixing import Corpus, Sizes, mix
from experiments.miniflexmix.pins import PACKAGES
from experiments.miniflexmix.refusals import CannotBuild
from experiments.miniflexmix.sources import ALL_DOMAINS, DEFAULT_DOMAINS, SOURCES, check_domains, gather
from experiments.miniflexmix.writing import (
    Json,
    begin,
    write_corpus,
    write_local_sources,
    write_manifest,
    write_sources,
)

SEED = "mini-flexmix-1"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.list:
        _print_sources()
        return 0
    if options.out is None:
        parser.error("--out is needed: the folder to write the corpora to")
    try:
        build(options)
    except CannotBuild as refusal:
        print(f"miniflexmix: {refusal}", file=sys.stderr)
        return 1
    return 0


def build(options: argparse.Namespace) -> None:
    """Build what was asked for. A folder that is left half-written has no manifest."""
    with Packages(options.cache, download=not options.no_download) as packages:
        by_domain = local_documents() if options.local_fixture else _gathered(options, packages)
        corpora = mix(by_domain, sizes=_sizes(options), seed=options.seed)
        begin(options.out)
        entries = _write_corpora(options.out, corpora)
        tasks: dict[str, int] = {}
        if options.benchmarks and not options.local_fixture:
            tasks = write_benchmarks(options.out, packages=packages, corpora=corpora)
            print("benchmarks:", ", ".join(f"{task} {items}" for task, items in tasks.items()))
        if options.local_fixture:
            write_local_sources(options.out, corpora)
        else:
            write_sources(options.out, corpora, packages)
    write_manifest(options.out, seed=options.seed, domains=entries, benchmarks=tasks)
    total = sum(entry["train"]["text_bytes"] for entry in entries.values())
    print(f"total training text: {total / 1e6:.1f} MB")


def _write_corpora(out: Path, corpora: Mapping[str, Corpus]) -> dict[str, Json]:
    entries: dict[str, Json] = {}
    _print_row("domain", ["train", "validation", "test"], "near-dups dropped; sources (MB of train)")
    for domain, corpus in corpora.items():
        entries[domain] = write_corpus(out, domain, corpus)
        _print_corpus(domain, corpus, entries[domain])
    return entries


def default_cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "mini-flexmix"


def _gathered(options: argparse.Namespace, packages: Packages) -> dict[str, list[Document]]:
    domains = ALL_DOMAINS if options.domains == "all" else tuple(options.domains.split(","))
    check_domains(domains)
    return {domain: gather(domain, packages=packages, seed=options.seed) for domain in domains}


def _sizes(options: argparse.Namespace) -> Sizes:
    fixture = options.fixture_kb or (LOCAL_KILOBYTES if options.local_fixture else None)
    if fixture is not None:
        return Sizes.fixture(fixture, fraction=options.frac)
    return Sizes(options.frac, int(1000 * options.eval_kb), 1e6 * options.max_mb, 1e6 * options.public_max_mb)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="miniflexmix", description="Build a small FlexOlmo text mix.")
    add = parser.add_argument
    add("--out", type=Path, help="folder to write")
    add("--cache", type=Path, default=default_cache(), help="folder for the packages (%(default)s)")
    add("--domains", default=",".join(DEFAULT_DOMAINS), help="comma-separated, or 'all' (%(default)s)")
    add("--max-mb", type=_above_zero, default=float("inf"), help="most training text of a closed domain")
    add("--public-max-mb", type=_above_zero, default=float("inf"), help="the same for the public domain")
    add("--frac", type=float, default=0.05, help="share of each source for test, and for validation")
    add("--eval-kb", type=_above_zero, default=300, help="most text of a domain's test, and validation")
    add("--fixture-kb", type=_above_zero, help="cut every domain to this much training text")
    add("--local-fixture", action="store_true", help="four domains from this machine's files, no download")
    add("--benchmarks", action="store_true", help="write the labelled test sets too")
    add("--no-download", action="store_true", help="use the cache only")
    add("--seed", default=SEED)
    add("--list", action="store_true", help="list the sources and stop")
    return parser


def _above_zero(text: str) -> float:
    value = float(text)
    if value <= 0:
        raise argparse.ArgumentTypeError(f"{text} is not above zero")
    return value


def _print_sources() -> None:
    for key, source in SOURCES.items():
        package = PACKAGES[source.package]
        where = f"{package.registry} {package.name} {package.version or '(release)'}"
        print(f"{source.domain:11} {key:20} {where} | {source.licence} | {source.note}")


def _print_corpus(domain: str, corpus: Corpus, entry: Json) -> None:
    sizes = [
        f"{entry[part]['documents']}d {entry[part]['text_bytes'] / 1e6:.2f}MB"
        for part in ("train", "validation", "test")
    ]
    sources = ", ".join(f"{source} {size / 1e6:.2f}" for source, size in entry["sources"].items())
    _print_row(domain, sizes, f"{corpus.dropped}; {sources}")


def _print_row(domain: str, sizes: list[str], rest: str) -> None:
    print(f"{domain:11} {sizes[0]:>18} {sizes[1]:>16} {sizes[2]:>16}   {rest}")
