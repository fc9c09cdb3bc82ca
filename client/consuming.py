"""`guildhall` for whoever uses models: asking for them, looking at their revisions, naming them, bringing them home."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from client import lines, shapes
from client.api import Guildhall
from client.connection import Refused
from client.pulling import pull, write_tar
from client.terminal import here, show
from client.waiting import wait_for_composition

Add = Callable[[str, Callable[[argparse.Namespace], None], str], argparse.ArgumentParser]


def request(chosen: argparse.Namespace) -> None:
    experts, selector = _chosen_experts(chosen)
    wish: dict[str, Any] = {
        "anchor": chosen.anchor,
        "experts": experts,
        "selector": selector,
        "purpose": chosen.purpose,
        "top_k": chosen.top_k,
        "on_withdrawal": chosen.on_withdrawal,
        "tuning": chosen.tuning,
    }
    with here() as guildhall:
        if chosen.explain:
            show(lines.of_dry_run(chosen.model, guildhall.try_model(chosen.model, **wish)))
        else:
            _, composition_id = guildhall.request_model(chosen.model, **wish)
            _follow(guildhall, chosen, composition_id=composition_id)


def _chosen_experts(chosen: argparse.Namespace) -> tuple[list[str] | None, shapes.Selector | None]:
    by_selector = chosen.all or chosen.domain or chosen.organisation
    if bool(chosen.expert) == bool(by_selector):
        raise Refused(
            "Name the experts with --expert, or choose them with --domain, --organisation or --all: one of the two.",
            status=0,
            code="experts",
        )
    if chosen.expert:
        return chosen.expert, None
    return None, {"domains": chosen.domain, "organisations": chosen.organisation}


def _follow(guildhall: Guildhall, chosen: argparse.Namespace, *, composition_id: str) -> None:
    composition = guildhall.get_composition(composition_id)
    if chosen.wait:
        composition = wait_for_composition(guildhall, composition_id, seen=_steps())
    show([f"{chosen.model} is {composition['state']}. {composition['revision']}".rstrip()])
    if composition["revision"]:
        show([f"HF_ENDPOINT={guildhall.url} hf download {chosen.model}"])


def _steps() -> Callable[[shapes.Composition], None]:
    """Prints how far a composition is, whenever that has changed."""
    told: list[str] = []

    def tell(composition: shapes.Composition) -> None:
        line = lines.of_progress(composition)
        if told[-1:] != [line]:
            told.append(line)
            show([f"  {line}"])

    return tell


def revisions(chosen: argparse.Namespace) -> None:
    with here() as guildhall:
        if chosen.compare:
            before, after = chosen.compare
            show(lines.of_difference(guildhall.compare_revisions(chosen.model, before, after)))
        else:
            show(lines.of_revisions(guildhall.list_revisions(chosen.model)))


def tag(chosen: argparse.Namespace) -> None:
    with here() as guildhall:
        if chosen.remove:
            guildhall.remove_tag(chosen.model, chosen.tag)
            show([f"{chosen.model} has no tag {chosen.tag} any more."])
        else:
            found = guildhall.set_tag(chosen.model, chosen.tag, revision=chosen.revision)
            show([f"{chosen.tag} names revision {found['revision']} of {chosen.model}."])


def pull_model(chosen: argparse.Namespace) -> None:
    with here() as guildhall, lines.Bars() as bars:
        revision = pull(guildhall.connection, chosen.model, chosen.to, revision=chosen.revision, progress=bars.show)
    show([f"{chosen.to} is revision {revision} of {chosen.model}; each file is what its manifest lists."])
    if chosen.tar:
        write_tar(chosen.to, chosen.tar, root=f"{chosen.model.partition('/')[2]}-{revision[:12]}")
        show([f"{chosen.tar} holds the same."])
    show([f"Check it without asking anybody: guildhall verify model {chosen.to}"])


def add_commands(add: Add) -> None:
    one = add("request", request, "Request a composed model for a purpose.")
    one.add_argument("model", metavar="ORGANISATION/NAME")
    one.add_argument("--anchor", required=True)
    named: dict[str, Any] = {"action": "append", "default": []}
    one.add_argument("--expert", metavar="ORGANISATION/NAME", help="once for each expert", **named)
    one.add_argument("--domain", help="instead of naming experts: all that are allowed in this domain", **named)
    one.add_argument("--organisation", help="the same, of this organisation", **named)
    one.add_argument("--all", action="store_true", help="the same, of all domains and organisations")
    one.add_argument("--purpose", required=True)
    one.add_argument("--top-k", type=int)
    one.add_argument("--tuning", action="store_true", help="let the router learn on public text after the merge")
    one.add_argument("--on-withdrawal", choices=["recompose", "close"], default="")
    one.add_argument("--explain", action="store_true", help="only say what would be built, and why not the rest")
    one.add_argument(
        "--wait", action=argparse.BooleanOptionalAction, default=True, help="follow it until it is published"
    )

    one = add("revisions", revisions, "List the revisions of a model, or compare two of them.")
    one.add_argument("model", metavar="ORGANISATION/NAME")
    one.add_argument("--compare", nargs=2, metavar=("BEFORE", "AFTER"), help="each by its 40 digits, a tag, or main")

    one = add("tag", tag, "Give a served revision a name of your own.")
    one.add_argument("model", metavar="ORGANISATION/NAME")
    one.add_argument("tag")
    one.add_argument("revision", nargs="?", default="main", help="its 40 digits, another tag, or main (the default)")
    one.add_argument("--remove", action="store_true", help="take the name away; the revision stays")

    one = add(
        "pull", pull_model, "Bring a revision of a model into a folder, every file checked; go on if it broke off."
    )
    one.add_argument("model", metavar="ORGANISATION/NAME")
    one.add_argument("to", type=Path, metavar="TO", help="the folder")
    one.add_argument("--revision", default="main", help="its 40 digits, a tag, or main (the default)")
    one.add_argument("--tar", type=Path, metavar="FILE", help="write the same into a tar file too")
