"""The main job from end to end, chapter by chapter; what it found is judged at the end, and not before."""

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from client.shapes import LogEntry, Version
from experiments.demo import checks
from experiments.demo.checks import Check, Figures
from experiments.demo.measuring import Consumer, Fetched, Measured
from experiments.demo.neighbours import live_beside
from experiments.demo.people import ADA, BEN, CLEO, CY, OLGA
from experiments.demo.publishing import approve, owner_with_key, publish_anchor, publish_expert
from experiments.demo.recipe import PUBLIC, ExpertRecipe, Recipe
from experiments.demo.serving import (
    Served,
    Withdrawn,
    newest_place_in_log,
    request,
    served_now,
    told_since,
    withdraw,
)
from experiments.demo.stranger import Stranger, Verified
from experiments.demo.telling import chapter, say
from experiments.demo.visit import Site, Visit, visit
from experiments.demo.workshop import CORES, Workshop

WITH, WITHOUT = "library/both-experts", "library/one-expert"
OWNERS = (ADA, CLEO)  # of the recipe's experts, in their order; the first takes hers back
REASON = "The rights in one of the editions were not ours to give, so the plays are taken back."


@dataclass(frozen=True, slots=True)
class Home:
    """What was made before anybody uploaded anything."""

    anchor: Path
    experts: tuple[tuple[ExpertRecipe, Path], ...]
    neighbours: tuple[tuple[ExpertRecipe, Path], ...]
    texts: Path
    measured: Mapping[str, Measured]


@dataclass(frozen=True, slots=True)
class Published:
    """The anchor's slug on the site, and the experts' approved versions."""

    anchor: str
    versions: tuple[Version, ...]


@dataclass(frozen=True, slots=True)
class Used:
    """The model with both experts, as a consumer loaded it, and the one that never had the expert in question."""

    both: Served
    without: Served
    measured: Measured
    copy: Path
    verified: Verified


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What there is after the withdrawal, seen from outside."""

    cold: Fetched
    main: Served | None
    warm: Measured
    without: Measured
    log: Verified
    copy: Verified
    certificate: Verified


@dataclass(frozen=True, slots=True)
class Ending:
    """All that the story found: figures by model, what was checked, and what the log says."""

    figures: Mapping[str, Figures]
    checks: tuple[Check, ...]
    log: tuple[LogEntry, ...]


def tell(site: Site, folder: Path, recipe: Recipe) -> Ending:
    """The whole main job over the site's REST API and hub. Nothing of the service is imported, or stepped around."""
    home = at_home(Workshop(folder / "made", recipe))
    with visit(site, folder) as there:
        place = newest_place_in_log(there.people[OLGA])
        published = publish(home, there)
        with chapter("Others are at home here too"):
            live_beside(
                there,
                home.neighbours,
                anchor=published.anchor,
                coder=home.experts[-1],
                experts=published.versions,
            )
        warm = there.new_consumer("warm-consumer")
        stranger = there.new_stranger()
        used = use(home, published, there, warm=warm, stranger=stranger)
        withdrawn = take_back(published, there)
        after = look_again(home, used, withdrawn, there, warm=warm, stranger=stranger)
        log = told_since(there.people[OLGA], place)
    return Ending(figures(home, used, after), tuple(judge(home, used, withdrawn, after)), tuple(log))


def at_home(workshop: Workshop) -> Home:
    with chapter("Texts, out of pinned packages"):
        corpora = workshop.make_corpora()
        texts = workshop.make_samples(corpora)
    with chapter("The anchor: a small public model, on public text alone"):
        anchor = workshop.make_anchor(corpora)
    with chapter("Experts beside the frozen anchor, at home with their owners"):
        experts = workshop.make_experts(corpora, anchor)
    with chapter("What they can do by themselves"):
        measured = workshop.measure(
            texts, anchor, {each.domain: experts[each.domain] for each in workshop.recipe.experts}
        )
    told, others = (
        tuple((each, experts[each.domain]) for each in some)
        for some in (workshop.recipe.experts, workshop.recipe.neighbours)
    )
    return Home(anchor, told, others, texts, measured)


def publish(home: Home, there: Visit) -> Published:
    with chapter("Sign, upload, verify"):
        anchor = publish_anchor(there.operator, home.anchor)
        verified: list[Version] = []
        for member, (recipe, package) in zip(OWNERS, home.experts, strict=True):
            owner = owner_with_key(there.people[member], member.organisation, keys=there.folder / "keys")
            verified.append(publish_expert(owner, recipe, package, anchor=anchor))
    with chapter("Review, by somebody of another organisation"):
        return Published(anchor, tuple(approve(there.people[BEN], version) for version in verified))


def use(home: Home, published: Published, there: Visit, *, warm: Consumer, stranger: Stranger) -> Used:
    consumer = there.people[CY]
    experts = [version["expert"] for version in published.versions]
    with chapter("Request models for a stated purpose"):
        both = request(consumer, WITH, anchor=published.anchor, experts=experts)
        without = request(consumer, WITHOUT, anchor=published.anchor, experts=experts[1:])
    with chapter("Load it with stock transformers: HF_ENDPOINT, HF_TOKEN, and nothing of ours"):
        measured = warm.measure(WITH, home.texts)
        say(f"{WITH} was loaded at {measured.revision}")
    with chapter("A stranger checks a copy of it against the log, and that nothing in it is withdrawn"):
        copy = stranger.home / "copy"
        warm.fetch(WITH, both.revision, into=copy)
        verified = stranger.verify("model", str(copy), "--max-age", "15m")
        say(verified.said)
    return Used(both, without, measured, copy, verified)


def take_back(published: Published, there: Visit) -> Withdrawn:
    version, owner = published.versions[0], OWNERS[0]
    password = there.logins.of(owner.email).password
    with chapter(f"Ada withdraws {version['expert']}@{version['number']}, and confirms its destruction"):
        withdrawn = withdraw(there.people[owner], version["id"], reason=REASON, password=password)
        say(f"denied after {withdrawn.answered_after:.2f} s")
        say(f"every model seen to after {withdrawn.propagated_after:.1f} s")
        say(f"destroyed, checked and certified after {withdrawn.certified_after:.1f} s")
    return withdrawn


def look_again(
    home: Home, used: Used, withdrawn: Withdrawn, there: Visit, *, warm: Consumer, stranger: Stranger
) -> Aftermath:
    with chapter("What clients get now"):
        cold = there.new_consumer("cold-consumer").fetch(WITH, used.both.revision)
        say(f"a cold client that asks for {used.both.revision[:12]}: {cold.error or 'gets it'}")
        main = served_now(there.people[CY], WITH)
        say(f"main is at {main.revision[:12] if main else 'nothing'}")
        never = there.new_consumer("other-consumer")
        with ThreadPoolExecutor(CORES) as cores:
            again, other = (
                cores.submit(warm.measure, WITH, home.texts),
                cores.submit(never.measure, WITHOUT, home.texts),
            )
            loaded, without = again.result(), other.result()
        say(f"the client with the warm cache loaded {loaded.revision}")
    with chapter("The stranger checks again: the copy of before, the whole log, and Ada's certificate, offline"):
        copy = stranger.verify("model", str(used.copy), "--max-age", "15m")
        log = stranger.verify("log", there.url)
        file = stranger.home / "certificate.json"
        file.write_text(json.dumps(withdrawn.certificate), encoding="utf-8")
        certificate = stranger.offline().verify("certificate", str(file))
        for verified in (copy, log, certificate):
            say(verified.said)
    return Aftermath(cold, main, loaded, without, log, copy, certificate)


def figures(home: Home, used: Used, after: Aftermath) -> dict[str, Figures]:
    alone = home.measured
    return {
        "anchor": alone[PUBLIC].figures,
        **{f"anchor + {recipe.domain}, at home": alone[recipe.domain].figures for recipe, _ in home.experts},
        "composed of both": used.measured.figures,
        "recomposed after the withdrawal": after.warm.figures,
        "composed without it from the start": after.without.figures,
    }


def judge(home: Home, used: Used, withdrawn: Withdrawn, after: Aftermath) -> list[Check]:
    anchor, before, now = home.measured[PUBLIC].figures, used.measured.figures, after.warm.figures
    main, (lost, kept) = after.main, (recipe.domain for recipe, _ in home.experts)
    recomposed = {each["recomposed_revision"] for each in withdrawn.withdrawal["models"] if each["model"] == WITH}
    return [
        *checks.check_composed(before, anchor, closed=[lost, kept], public=PUBLIC),
        Check(
            "the withdrawn revision answers RevisionNotFound to a cold client",
            after.cold.error == "RevisionNotFoundError",
            after.cold.message.strip().splitlines()[-1] if after.cold.message else "it was downloaded",
        ),
        Check(
            "main moved to the re-composed model",
            main is not None and main.revision != used.both.revision and main.revision in recomposed,
            f"{used.both.revision[:12]} -> {main.revision[:12] if main else 'nothing'}",
        ),
        Check(
            "the client with a warm cache loads the new weights",
            main is not None and after.warm.revision == main.revision != used.measured.revision,
            f"{(used.measured.revision or '')[:12]} -> {(after.warm.revision or '')[:12]}",
        ),
        Check("a stranger finds each file of the model in the log", used.verified.held, used.verified.said),
        Check(
            "and finds the copy withdrawn afterwards",
            not after.copy.held and "withdrawn" in after.copy.said,
            after.copy.said,
        ),
        Check("a stranger finds the whole log as it was signed", after.log.held, after.log.said),
        Check(
            "a stranger finds the withdrawal certified, without asking anybody",
            after.certificate.held,
            after.certificate.said,
        ),
        *checks.check_fallback(before, now, anchor, lost=lost, kept=kept),
        checks.check_same_figures(now, after.without.figures),
        checks.check_same_files(main.files if main else {}, used.without.files),
    ]
