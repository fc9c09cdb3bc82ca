"""How fast a withdrawal is: from the click to the last byte served of anything that holds the expert, and until every
model stands again without it.

Run beside a site of its own (`make bench-governance`). Every model holds the experts that are withdrawn one after
another; who measures is a stranger to the service, and takes the moments from its own clock and from the log's entries.
"""

import argparse
import json
import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations
from typing import Any

import httpx

from benchmarks.crowd import Crowd
from benchmarks.made_up import ANCHOR, Town, found_town
from benchmarks.timing import table

STAYS = ("stays-1", "stays-2", "stays-3", "stays-4")
STATED_LIFE = 300.0  # seconds, of a signed address
WARM_UP, AFTERWARDS = 10.0, 15.0  # seconds of downloading before and after the click
PATIENCE = 1500.0


@dataclass(frozen=True, slots=True)
class Figures:
    """One withdrawal; all times in seconds after the click was sent."""

    answered: float
    hub: list[float]  # of each client: the last grant or byte of ours of anything that holds the expert
    store: list[float]  # and the last byte of the store, by an address that was given before
    refused: list[float]  # of each client: when it was first told
    blocked: list[float]  # every revision that held it
    moved: list[float]  # every main that moved on
    requests: float  # a second, in the ten seconds before the click
    waited: list[float]  # for each answer of those ten seconds


class Log:
    """The log's entries, as lines of JSON."""

    def __init__(self, url: str, token: str) -> None:
        self._http = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=120)

    def leaves(self, event: str, *, about: str = "") -> list[dict[str, Any]]:
        params = {"event": event} | ({"about": about} if about else {})
        answer = self._http.get("/api/v1/log/export", params=params)
        answer.raise_for_status()
        return [json.loads(json.loads(line)["leaf"]) for line in answer.text.splitlines()]

    def moments(self, event: str, *, since: float) -> list[float]:
        told = (datetime.fromisoformat(leaf["at"]).timestamp() - since for leaf in self.leaves(event))
        return sorted(moment for moment in told if moment > 0)


def recipes(goes: Sequence[str]) -> list[tuple[list[str], int]]:
    """Many models, few recipes: what goes is in all, what stays in some, and one or two experts a token."""
    subsets = [list(chosen) for size in (1, 2) for chosen in combinations(STAYS, size)]
    return [([f"makers/{name}" for name in (*goes, *stays)], top_k) for stays in subsets for top_k in (1, 2)]


def request_models(town: Town, count: int, goes: Sequence[str]) -> dict[str, list[str]]:
    """The names of the models by organisation; each organisation asks for its own, all at the same time."""
    kinds = recipes(goes)
    share = -(-count // len(town.consumers))

    def ask(organisation: str) -> list[str]:
        names = [f"{organisation}/model-{number:04}" for number in range(share)]
        for number, name in enumerate(names):
            experts, top_k = kinds[number % len(kinds)]
            line = town.consumers[organisation]
            line.request_model(name, anchor=ANCHOR, experts=experts, purpose="research", top_k=top_k)
        return names

    with ThreadPoolExecutor(max_workers=4) as pool:
        return dict(zip(town.consumers, pool.map(ask, town.consumers), strict=True))


def wait_for(log: Log, event: str, count: int, *, since: float, pause: float = 2.0) -> list[float]:
    """The moments of so many entries, or of as many as there are when patience ends."""
    end = time.time() + PATIENCE
    while len(found := log.moments(event, since=since)) < count and time.time() < end:
        time.sleep(pause)
    return found


def withdraw(town: Town, log: Log, crowd: Crowd, name: str, *, models: int) -> Figures:
    """The click, under load; the crowd goes home a while after it, and the site has the machine to itself."""
    version = town.versions[name]["id"]
    held = {leaf["facts"]["revision"] for leaf in log.leaves("inclusion.recorded", about=f"{name}@1")}
    crowd.start()
    time.sleep(WARM_UP)
    click = time.time()
    town.owner.withdraw_version(version, reason="Withdrawn in order to measure how long that takes.")
    answered = time.time() - click
    blocked = wait_for(log, "revision.blocked", models, since=click)
    time.sleep(max(0.0, click + AFTERWARDS - time.time()))
    crowd.stop()
    moved = wait_for(log, "main.moved", models, since=click)
    everybody = range(len(crowd.clients))
    before = [took for at, took in crowd.seconds if click - WARM_UP < at <= click]
    return Figures(
        answered=answered,
        hub=[_last(crowd.last_hub, who, held) - click for who in everybody],
        store=[_last(crowd.last_store, who, held) - click for who in everybody],
        refused=sorted(at - click for at in crowd.refused.values()),
        blocked=blocked,
        moved=moved,
        requests=len(before) / WARM_UP,
        waited=before,
    )


def _last(moments: dict[tuple[int, str], float], who: int, held: set[str]) -> float:
    return max((at for (client, revision), at in moments.items() if client == who and revision in held), default=0.0)


def share(values: Sequence[float], part: float) -> float:
    """The value that this part of all do not exceed."""
    ranked = sorted(max(value, 0.0) for value in values)
    return ranked[min(len(ranked) - 1, int(part * len(ranked)))] if ranked else float("nan")


def addresses_end(crowds: Sequence[Crowd]) -> str:
    """One signed address of each crowd, tried again when its stated life is over."""
    given = [max(crowd.addresses.values(), key=lambda pair: pair[1]) for crowd in crowds if crowd.addresses]
    if not given:
        return "No client had come to a file that the store sends before the click."
    time.sleep(max(0.0, max(at for _, at in given) + STATED_LIFE + 2 - time.time()))
    answers = sorted({httpx.get(url).status_code for url, _ in given})
    return f"{len(given)} signed addresses, tried when {STATED_LIFE:.0f} s were over: {answers}"


def report(figures: Sequence[Figures], *, models: int) -> str:
    def row(what: str, goal: str, values: Sequence[Sequence[float]]) -> list[str]:
        everything = [value for one in values for value in one]
        return [what, *(f"{share(everything, part):.2f}" for part in (0.5, 0.99, 1.0)), goal]

    def spread(what: str, goal: str, values: Sequence[float]) -> list[str]:
        return [what, f"{share(values, 0.5):.2f}", "", f"{max(values):.2f}", goal]

    rows = [
        row("the click is answered", "", [[one.answered] for one in figures]),
        row("last byte or grant of the hub, each client", "p99 <= 1", [one.hub for one in figures]),
        row("last byte of the store, each client", "<= 300", [one.store for one in figures]),
        row("each client is told", "", [one.refused for one in figures]),
        row("each revision is marked as blocked", "p99 <= 5", [one.blocked for one in figures]),
        spread("the first main has moved", "<= 10", [min(one.moved, default=float("nan")) for one in figures]),
        spread(f"all {models} have moved", "<= 300", [max(one.moved, default=float("nan")) for one in figures]),
        row("an answer of the hub before the click", "", [one.waited for one in figures]),
    ]
    return table(["seconds after the click", "p50", "p99", "longest", "goal"], rows)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.withdrawal", description=__doc__)
    parser.add_argument("--models", type=int, default=1000)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--withdrawals", type=int, default=3)
    given = parser.parse_args()
    url, goes = os.environ["GUILDHALL_URL"], [f"goes-{number}" for number in range(1, given.withdrawals + 1)]
    operator = os.environ["GUILDHALL_OPERATOR_EMAIL"], os.environ["GUILDHALL_OPERATOR_PASSWORD"]
    with ExitStack() as lines:
        town = found_town(lines, url, operator=operator, experts=(*goes, *STAYS), consumers=10)
        log = Log(url, town.operator.create_token("measuring", days=1)["token"])
        began = time.time()
        names = request_models(town, given.models, goes)
        asked = time.time() - began
        moved = wait_for(log, "main.moved", given.models, since=began)
        print(f"{given.models} models of {len(recipes(goes))} recipes: asked for in {asked:.0f} s,", end=" ")
        print(f"{len(moved)} stood after {max(moved):.0f} s.", flush=True)
        tokens = [
            (town.consumers[name].create_token(f"client {number}", days=1)["token"], names[name])
            for number in range(-(-given.clients // len(names)))
            for name in names
        ][: given.clients]
        crowds, figures = [], []
        for name in goes:
            crowds.append(Crowd(url, tokens))
            figures.append(withdraw(town, log, crowds[-1], f"makers/{name}", models=given.models))
            told(figures[-1], crowds[-1])
        print(report(figures, models=given.models))
        print(addresses_end(crowds), flush=True)


def told(one: Figures, crowd: Crowd) -> None:
    print(
        f"answered {one.answered:.2f} s, hub {share(one.hub, 1):.2f}, {len(one.blocked)} blocked by "
        f"{max(one.blocked, default=0):.2f}, {len(one.moved)} moved from {min(one.moved, default=0):.1f} to "
        f"{max(one.moved, default=0):.1f}; {one.requests:.0f} requests/s before; {dict(crowd.answers)}",
        flush=True,
    )


if __name__ == "__main__":
    main()
