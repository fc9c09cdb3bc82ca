"""No model is published on decisions that, decided again from what is stored, are not allow; none lacks a licence text.

Experts, evidence, policies and requests are drawn at random and go through the actions that the service has.
"""

from datetime import timedelta
from itertools import count
from typing import Any

from django.utils import timezone
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from flexcore.cards import PERSONAL
from registry.actors import ASSEMBLER
from registry.compositions.actions import include_composition
from registry.compositions.models import Composition, CompositionState
from registry.compositions.queries import repository_texts, versions_in
from registry.errors import Refusal
from registry.evidence.licences import licences_in, normalised_licence
from registry.evidence.models import LicenceTerms
from registry.evidence.rules import PURPOSES
from registry.policy.actions import lift_quarantine, place_quarantine
from registry.policy.again import decide_again
from registry.policy.cedar import default_policies
from registry.policy.examples import default_examples
from registry.policy.models import Quarantine
from tests.factories import BEN, assemble, make_active, make_expert, make_version, publish, request

DOMAINS = ("drama", "comedy", "opera")
LICENCES = ("CC-BY-4.0", "MIT", "CC-BY-NC-4.0", "CC-BY-ND-4.0", "MIT AND CC-BY-SA-4.0", "LicenseRef-house")
TEXT = "You may do what we say."
PURPOSE = st.sampled_from(sorted(PURPOSES))
TIMES = st.sampled_from([None, -1, 1, 1000])
evidence = st.fixed_dictionaries(
    {
        "state": st.sampled_from(["approved"] * 5 + ["verified", "paused"]),
        "licence": st.sampled_from(LICENCES),
        "purposes": st.lists(PURPOSE, min_size=1, max_size=6, unique=True),
        "recipients": st.sampled_from([[]] * 4 + [["library"], ["museum"]]),
        "until": TIMES,
        "signed": st.sampled_from([True] * 5 + [False]),
        "personal": st.booleans(),
        "privacy": st.sampled_from(
            [{}, {"mechanism": "none"}, {"mechanism": "dp-sgd"}, {"mechanism": "dp-sgd", "epsilon": 3}, {"epsilon": 99}]
        ),
    }
)
# What a set forbids besides, and an example of it; none of the shipped set's examples is hit.
RULES: dict[str, tuple[str, dict[str, Any]]] = {
    "no-opera": ('resource.domain == "opera"', {"subject": {"domain": "opera"}}),
    "no-pairs": ("context.experts == 2", {"experts": 2}),
    "no-comedy-for-evaluation": (
        'resource.domain == "comedy" && context.purpose == "evaluation"',
        {"purpose": "evaluation", "subject": {"domain": "comedy"}},
    ),
}
deeds = st.lists(
    st.one_of(
        st.tuples(st.just("ask"), st.lists(st.sampled_from(DOMAINS), min_size=1, max_size=3, unique=True), PURPOSE),
        st.tuples(st.just("set"), st.sampled_from(sorted(RULES))),
        st.tuples(st.just("hold"), st.sampled_from(DOMAINS)),
        st.tuples(st.just("lift")),
    ),
    min_size=1,
    max_size=5,
)


def bring(domain: str, world: int, drawn: dict[str, Any]) -> Any:
    version = make_version(
        make_expert(f"{domain}-{world}", domain=domain),
        state=drawn["state"],
        licence=drawn["licence"],
        purposes=drawn["purposes"],
        recipients=drawn["recipients"],
        valid_from=timezone.now() - timedelta(days=2000),
        valid_until=timezone.now() + timedelta(days=drawn["until"]) if drawn["until"] else None,
        signed=drawn["signed"],
        data_card={PERSONAL: ["names"] if drawn["personal"] else []},
        card={"privacy": drawn["privacy"]},
    )
    text = TEXT if drawn["licence"] == "LicenseRef-house" else ""
    normalised_licence(drawn["licence"], text=text)  # as a draft has it checked
    LicenceTerms.objects.filter(version=version).update(text=text)
    return version


def do(deed: tuple[Any, ...], versions: dict[str, Any], model: str) -> None:
    match deed:
        case ("ask", names, purpose):
            build(request(*[versions[name] for name in names], name=model, purpose=purpose))
        case ("set", rule):
            condition, shown = RULES[rule]
            text = f'@id("{rule}")\n@reason("No.")\nforbid (principal, action, resource) when {{ {condition} }};\n'
            example = {"name": "What it refuses", "facts": shown, "refused_by": [rule]}
            make_active(default_policies() + text, examples=[*default_examples(), example])
        case ("hold", name):
            place_quarantine(version_id=versions[name].id, reason="Somebody found names.", by=BEN)
        case ("lift",):
            for held in Quarantine.objects.filter(lifted_at=None):
                lift_quarantine(held.id, reason="They were of characters.", by=BEN)


def build(composition: Composition) -> None:
    if composition.state == CompositionState.DECIDED:
        assemble(composition)
        include_composition(composition.id, validation={"finite": True}, by=ASSEMBLER)
        publish(composition)


def texts_lacking(composition: Composition) -> list[str]:
    """The licences of its experts whose text is in no file of it, or in an empty one."""
    texts = repository_texts(composition)
    licences = texts["LICENSE"].decode()
    lacking = []
    for slot, version in versions_in(composition):
        part = licences.split(f"Slot {slot}: ")[1].split("\n\n")[0]
        paths = [line.removeprefix("Text: ") for line in part.splitlines() if line.startswith("Text: ")]
        wanted = len(licences_in(str(LicenceTerms.objects.get(version=version))))
        if len(paths) < wanted or not all(texts.get(path, b"").strip() for path in paths):
            lacking.append(str(version))
    return lacking


rounds = count(1)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=st.fixed_dictionaries(dict.fromkeys(DOMAINS, evidence)), deeds=deeds)
def test_what_is_published_was_allowed_and_has_its_licences(
    drawn: dict[str, dict[str, Any]], deeds: list[tuple[Any, ...]]
) -> None:
    world = next(rounds)  # experts and a model of its own; what was published in the log stays, as it must
    versions = {domain: bring(domain, world, facts) for domain, facts in drawn.items()}
    for deed in deeds:
        try:
            do(deed, versions, f"reader-{world}")
        except Refusal as refusal:
            event(type(refusal).__name__)

    published = list(Composition.objects.filter(model__name=f"reader-{world}").exclude(published_at=None))
    for composition in published:
        made_on = {row.version_id: row for row in composition.decisions.order_by("created_at", "id")}
        again = [decide_again(made_on[version.id]) for _, version in versions_in(composition)]
        assert all(one.same and one.verdict and one.verdict.allowed for one in again)
        assert texts_lacking(composition) == []
    event(f"{min(len(published), 2)} published")
