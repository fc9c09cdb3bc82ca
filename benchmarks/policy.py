"""How fast the policies decide: single and for eight experts, anew and remembered, with many experts and many policies.

Beside it OPA's language (regopy), on the same rules; that both answer alike is checked first. `make bench-policy` runs
it with servers of its own.
"""
# ruff: noqa: E402  Django is set up before its tables are imported

import os
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "registry.settings")

import django

django.setup()

from django.core.management import call_command
from django.db import connection

from benchmarks.machine import processor
from benchmarks.timing import medians, table
from registry.accounts.models import Organisation, Person
from registry.actors import CONSOLE
from registry.digests import digest_of
from registry.evidence.models import ConsentRecord, LicenceTerms, Provenance
from registry.experts.models import Anchor, AnchorState, Expert, ExpertVersion, VersionState
from registry.policy.actions import ensure_policy_set
from registry.policy.cedar import Cedar, _entities, default_policies, entities_of
from registry.policy.examples import default_examples, read_examples
from registry.policy.models import Decision
from registry.policy.queries import COMPOSE, ENGINE, active_set, facts_for, judge_all
from registry.policy.rules import Facts
from registry.policy.shadow import shadow_run

REGISTERED = (10, 100, 1_000, 10_000)
POLICIES = (10, 21, 100, 500)  # 21 are shipped
PAST = 10_000
NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
PLAIN = next(example.facts for example in read_examples(default_examples()))


def many(count: int, *, unlike: bool = False) -> list[Facts]:
    """Questions about so many versions of several houses, under several licences and of several days, for one consumer
    as a request asks them together; `unlike`: each with a consent of its own, so that the set can tell all apart.
    """
    begun = PLAIN.subject.valid_from or NOW
    return [
        replace(
            PLAIN,
            experts=count,
            subject=replace(
                PLAIN.subject,
                name=f"house-{n}/expert-{n}@1",
                organisation=f"house-{n}",
                domain=f"domain-{n}",
                licence=("CC-BY-4.0", "MIT", "Apache-2.0")[n % 3],
                valid_from=begun - timedelta(days=n),
                approved_at=begun + timedelta(days=n),
                purposes=(*PLAIN.subject.purposes, f"other-{n}") if unlike else PLAIN.subject.purposes,
            ),
        )
        for n in range(count)
    ]


def set_of(count: int) -> str:
    """So many policies: of those we ship as many as go, then more that look at a version and refuse nothing."""
    parts = [part for part in default_policies().split("\n\n") if "@id(" in part]
    shipped = "\n\n".join(parts[: min(count, len(parts))])
    more = [
        f'@id("forbid.place-{n}")\n@reason("No.")\nforbid (principal, action, resource)\n'
        f'when {{ principal.slug == "house-{n}" && resource.domain == "domain-{n}" }};'
        for n in range(count - len(parts))
    ]
    return "\n\n".join([shipped, *more])


def microseconds(work: Callable[[], object]) -> float:
    return 1e6 * medians({"it": work}, rounds=5, seconds=0.3)["it"]


def engine_alone() -> None:
    """No database: a question that was never asked, one about an expert that is known, one that was asked before."""
    rows = []
    for count in POLICIES:
        text, engine = set_of(count), Cedar()
        faults = engine.faults(text)
        if faults:
            raise SystemExit(f"the set of {count} has faults: {faults}")
        one, eight, unlike = many(1), many(8), many(8, unlike=True)

        def anew(facts: list[Facts], *, text: str = text, engine: Cedar = engine) -> Callable[[], object]:
            def work() -> object:
                engine.forget()
                _entities.cache_clear()
                return engine.decide_all(text, facts)

            return work

        def known(facts: list[Facts], *, text: str = text, engine: Cedar = engine) -> Callable[[], object]:
            def work() -> object:
                engine.forget()
                return engine.decide_all(text, facts)

            return work

        def cached(facts: list[Facts], *, text: str = text, engine: Cedar = engine) -> Callable[[], object]:
            engine.forget()  # else the same versions with other consents lie beside them
            return lambda: engine.decide_all(text, facts)

        again = [Facts.read(facts.value()) for facts in eight]
        single, eight_known = microseconds(anew(one)), microseconds(known(eight))
        rows.append(
            [
                str(count),
                f"{1e6 / single:.0f}",
                f"{1e6 * 8 / eight_known:.0f}",
                f"{microseconds(anew(eight)):.0f}",
                f"{microseconds(anew(unlike)):.0f}",
                f"{eight_known:.0f}",
                f"{microseconds(cached(eight)):.1f}",
                f"{microseconds(cached(again)):.1f}",
            ]
        )
    head = ["policies", "decisions/s anew", "of known experts", "8 anew, us", "8 anew, all unlike, us", "8 known, us"]
    print(table([*head, "8 asked before, us", "the same, facts made anew, us"], rows), flush=True)


def peer() -> None:
    """OPA's language on the same rules, in the same run."""
    try:
        import regopy  # noqa: PLC0415  only here, and only for this
    except ImportError:
        print("regopy is not installed; `make bench-policy` installs it.")
        return
    interpreter = regopy.Interpreter()
    interpreter.add_module("guildhall", Path(__file__).with_name("policy.rego").read_text(encoding="utf-8"))

    def denied(facts: Facts) -> tuple[str, ...]:
        interpreter.set_input(_as_input(facts))
        return tuple(sorted(interpreter.query("data.guildhall.deny").results[0].expressions[0]))

    engine, text = Cedar(), default_policies()
    unlike = [e.name for e in read_examples(default_examples()) if denied(e.facts) != e.refused_by]
    if unlike:
        raise SystemExit(f"the two do not answer alike: {unlike}")
    [one], eight = many(1), many(8, unlike=True)

    def ours(facts: list[Facts]) -> object:
        engine.forget()
        _entities.cache_clear()
        return engine.decide_all(text, facts)

    works = {
        "Cedar, one": lambda: ours([one]),
        "Rego, one": lambda: denied(one),
        "Cedar, eight": lambda: ours(eight),
        "Rego, eight": lambda: [denied(facts) for facts in eight],
    }
    took = medians(works, rounds=5, seconds=0.3)
    rows = [
        [what, f"{1e6 * took[f'Cedar, {what}']:.0f}", f"{1e6 * took[f'Rego, {what}']:.0f}",
         f"{took[f'Rego, {what}'] / took[f'Cedar, {what}']:.1f}"]
        for what in ("one", "eight")
    ]  # fmt: skip
    print(table(["21 rules, anew", "ours (Cedar), us", "regopy 1.5.2, us", "x"], rows), flush=True)


def _as_input(facts: Facts) -> dict[str, Any]:
    consumer, version = entities_of(facts.consumer, facts.subject)
    attributes = dict(version["attrs"])
    for name in ("epsilon", "extraction_rate"):
        if name in attributes:
            attributes[name] = float(attributes[name]["__extn"]["arg"])
    for name in ("purposes", "recipients", "jurisdictions"):
        attributes[name] = list(attributes[name])
    return {
        "consumer": {"slug": facts.consumer.slug, "jurisdictions": list(consumer["attrs"]["jurisdictions"])},
        "version": attributes,
        "context": {
            "anchor": facts.anchor_digest,
            "purpose": facts.purpose,
            "commercial": facts.commercial,
            "experts": facts.experts,
            "now": int(facts.now.timestamp()),
        },
    }


def house() -> tuple[Organisation, Person, Anchor]:
    owner, _ = Organisation.objects.get_or_create(slug="bench", defaults={"name": "Bench", "jurisdiction": "DE"})
    somebody, _ = Person.objects.get_or_create(email="bench@bench.example", defaults={"name": "Bench"})
    digest = digest_of("the benchmark's anchor")
    fields = {
        "name": "Bench",
        "licence": "MIT",
        "state": AnchorState.VERIFIED,
        "digest": digest,
        "created_by": somebody,
    }
    anchor, _ = Anchor.objects.get_or_create(slug="bench", defaults=fields)
    return owner, somebody, anchor


def register(count: int) -> list[ExpertVersion]:
    """So many experts with one approved version each and all its evidence; those that are there already stay."""
    owner, somebody, anchor = house()
    first = Expert.objects.count()
    experts = Expert.objects.bulk_create(
        Expert(
            organisation=owner,
            name=f"expert-{n}",
            anchor=anchor,
            title=f"Expert {n}",
            domain="drama",
            registration=n + 1,
            created_by=somebody,
        )
        for n in range(first, count)
    )
    versions = ExpertVersion.objects.bulk_create(
        ExpertVersion(
            expert=expert,
            number=1,
            state=VersionState.APPROVED,
            data_digest=digest_of(expert.name),
            status_index=expert.registration,
            card={"privacy": {"mechanism": "none"}},
            created_by=somebody,
        )
        for expert in experts
    )
    LicenceTerms.objects.bulk_create(LicenceTerms(version=v, declared="CC-BY-4.0") for v in versions)
    ConsentRecord.objects.bulk_create(
        ConsentRecord(
            version=v,
            legal_basis="contract",
            purposes=["research", "evaluation"],
            valid_from=NOW - timedelta(days=365),
            withdrawal_method="Write to us.",
            given_by=somebody,
        )
        for v in versions
    )
    Provenance.objects.bulk_create(Provenance(version=v, statement={}, signature_verified=True) for v in versions)
    rows = ExpertVersion.objects.select_related("expert__organisation", "expert__anchor")
    return list(rows.order_by("expert__registration")[:8])


def whole_decisions() -> None:
    """With the database: the facts are gathered from the rows each time, whatever is remembered of the answer."""
    owner = house()[0]
    rows = []
    for count in REGISTERED:
        eight = register(count)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")

        def ask(*, anew: bool, versions: list[ExpertVersion]) -> object:
            if anew:
                ENGINE.forget()  # type: ignore[attr-defined]  # the one that remembers
                _entities.cache_clear()
            return judge_all(versions, consumer=owner, action=COMPOSE, purpose="research")

        works = {
            "alone": partial(ask, anew=True, versions=eight[:1]),
            "anew": partial(ask, anew=True, versions=eight),
            "before": partial(ask, anew=False, versions=eight),
        }
        times = medians(works, rounds=5, seconds=0.3)
        rows.append([f"{count:,}", *(f"{1e6 * times[name]:.0f}" for name in works)])
    print(table(["experts registered", "1 with its rows, us", "8 with their rows, us", "8 asked before, us"], rows))


def past_decisions() -> None:
    """Ten thousand stored decisions, each at a moment of its own, answered by the set that decides and by another."""
    owner, somebody, _ = house()
    rows = ExpertVersion.objects.select_related("expert__organisation", "expert__anchor")
    versions = list(rows.order_by("expert__registration")[:500])
    purposes = ("research", "evaluation", "education", "service")
    kept = []
    facts = {
        purpose: facts_for(versions, consumer=owner, action=COMPOSE, purpose=purpose, experts=1, now=NOW)
        for purpose in purposes
    }
    for n in range(Decision.objects.count(), PAST):
        purpose, place = purposes[n // len(versions) % len(purposes)], n % len(versions)
        inputs = replace(facts[purpose][place], now=NOW - timedelta(seconds=n)).value()
        kept.append(
            Decision(
                consumer=owner,
                person=somebody,
                action=COMPOSE,
                purpose=purpose,
                version=versions[place],
                allowed=True,
                set_hash=active_set().hash,
                inputs=inputs,
                inputs_digest=digest_of(inputs),
            )
        )
    Decision.objects.bulk_create(kept, batch_size=1000)
    other = default_policies() + '\n@id("forbid.evaluation")\n@reason("No.")\nforbid (principal, action, resource)\n'
    other += 'when { context.purpose == "evaluation" };\n'
    ENGINE.forget()  # type: ignore[attr-defined]
    _entities.cache_clear()
    began = perf_counter()
    ran = shadow_run(active_set().text, other, decisions=PAST)
    print(f"Shadow run of {ran.looked_at:,} decisions: {perf_counter() - began:.2f} s. {ran.sentence}")


def main() -> None:
    print(f"{processor()}, Python {sys.version.split()[0]}, one core\n")
    engine_alone()
    print()
    peer()
    print()
    call_command("migrate", verbosity=0)
    ensure_policy_set(by=CONSOLE)
    whole_decisions()
    print()
    past_decisions()


if __name__ == "__main__":
    main()
