"""The texts of a composed repository: README.md, LICENSE, LICENSES/, NOTICE and bom.cdx.json. Pure: the same recipe and
evidence, the same bytes.

They name no model, no consumer and no time, since the same composition may stand under several names. What owners
wrote is shown as plain text: it cannot become markup, a link or a line of the front matter.
"""

from collections.abc import Sequence

from registry.compositions.bom import bom_of
from registry.compositions.credits import AnchorCredit, ExpertCredit, licence_files, line, markdown, outbound
from registry.evidence.duties import Part, to_be_told

TUNED = """
The router rows were tuned afterwards, on public text alone. Every expert above took part, and something of it is left
in the rows of the others: a model without one of them is tuned anew.
"""
TOLD = "What the licences ask for besides, as Guildhall reads them (no legal advice):"

README = """\
---
library_name: transformers
pipeline_tag: text-generation
license: other
license_name: of-its-parts
license_link: LICENSE
tags:
- flexolmo
- mixture-of-experts
- guildhall
---

# A composed mixture-of-experts model

{count} experts beside one another, {top_k} of them asked for each token (FlexOlmo). The experts were trained apart,
each on data that stayed with its owner, beside one frozen public model. Guildhall stacked them without changing a
weight.

## Experts and credits

| Slot | Version | Title | Owner | Licence |
|---|---|---|---|---|
{rows}
{attribution}{duties}{tuning}
## Loading it

Set `HF_ENDPOINT` to the address of the Guildhall that it came from and `HF_TOKEN` to a token of yours; then
`transformers` loads it like any other model, under the name it was requested by:

```python
from transformers import AutoModelForCausalLM, AutoTokenizer

name = "your-organisation/your-model"
tokenizer = AutoTokenizer.from_pretrained(name)
model = AutoModelForCausalLM.from_pretrained(name)
```

## Checking it

In the folder with these files, without asking anybody: is every file what the public log says, and which experts does
the log include in it? With the service's address in `GUILDHALL_URL`, the second line asks whether all of it is still
allowed, and who signed it.

```sh
guildhall verify model .
guildhall verify model . --max-age 15m
```

The public tool of OpenSSF Model Signing compares every file with `model.sig`; the service gives out the public key at
`/log/model-key.pem`:

```sh
model_signing verify key . --signature model.sig --public_key model-key.pem
```

| file | what it is |
|---|---|
| `LICENSE`, `LICENSES/`, `NOTICE` | what applies, each licence in full, whom to name |
| `bom.cdx.json` | bill of materials (CycloneDX): every part with its digest, owner and licence |
| `provenance.intoto.json` | how it was built and out of what (in-toto, SLSA provenance), signed |
| `decision.intoto.json` | which policies let each expert in, for whom and for what (in-toto), signed |
| `inclusion.json`, `inclusion.tlog-proof` | the public log's entry that includes the experts, and its proof (C2SP) |
| `model.sig` | a signature over all the other files (OpenSSF Model Signing) |
| `guildhall-manifest.json` | the recipe and the digest of every file; the revision is the beginning of its SHA-256 |

## What to know

An owner may withdraw an expert. A revision that holds it is then no longer served, and one without it takes its place;
load again to have it.
"""


def repository_texts_of(
    anchor: AnchorCredit, experts: Sequence[ExpertCredit], *, top_k: int, recipe_digest: str, tuned: bool = False
) -> dict[str, bytes]:
    parts: list[AnchorCredit | ExpertCredit] = [anchor, *experts]
    files = {path: data for part in parts for path, data in licence_files(part).items()}
    return {
        "README.md": _readme(anchor, experts, top_k, tuned=tuned).encode(),
        "LICENSE": _licence(anchor, experts).encode(),
        "NOTICE": _notice(anchor, experts).encode(),
        "bom.cdx.json": bom_of(anchor, experts, recipe_digest=recipe_digest, tuned=tuned),
        **files,
    }


def _readme(anchor: AnchorCredit, experts: Sequence[ExpertCredit], top_k: int, *, tuned: bool) -> str:
    rows = [f"| 0 | {markdown(anchor.name)} | the public model | | {markdown(anchor.licence)} |"]
    for e in experts:
        cells = (str(e.slot), e.full_name, e.title, e.owner, e.licence)
        rows.append(f"| {' | '.join(map(markdown, cells))} |")
    quoted = [f"- {markdown(e.full_name)}: {markdown(e.attribution)}" for e in experts if e.attribution.strip()]
    duties = _duties(anchor, experts)
    return README.format(
        count=1 + len(experts),
        top_k=top_k,
        rows="\n".join(rows),
        attribution="\n".join(["", "Attribution, in the owners' words:", "", *quoted, ""]) if quoted else "",
        tuning=TUNED if tuned else "",
        duties="\n".join(["", TOLD, "", *(f"- {markdown(duty)}" for duty in duties), ""]) if duties else "",
    )


def _duties(anchor: AnchorCredit, experts: Sequence[ExpertCredit]) -> list[str]:
    """What the licences ask of whoever has the whole, besides naming and texts; the same for every purpose."""
    parts = [Part(line(anchor.name), anchor.licence), *(Part(one.full_name, one.licence) for one in experts)]
    return [duty.told for duty in to_be_told(parts)]


def _licence(anchor: AnchorCredit, experts: Sequence[ExpertCredit]) -> str:
    """What applies to the whole, and where each part's terms stand in full."""
    parts = [
        "This model is composed of works of several owners. Each part stands under its own licence, and nothing here\n"
        "gives more rights than those licences do. Whoever uses the whole has to keep to all of them:",
        f"    {outbound(anchor, experts)}",
        "\n".join([f"Slot 0: {line(anchor.name)}, the public model", *_terms(anchor)]),
        *("\n".join([f"Slot {one.slot}: {one.full_name}, of {line(one.owner)}", *_terms(one)]) for one in experts),
    ]
    return "\n\n".join(parts) + "\n"


def _notice(anchor: AnchorCredit, experts: Sequence[ExpertCredit]) -> str:
    parts = [
        "This model is composed of works of several owners, each under its own licence.",
        "\n".join([f"Slot 0: {line(anchor.name)}", *_terms(anchor), f"Anchor: {anchor.digest}"]),
    ]
    for expert in experts:
        lines = [
            f"Slot {expert.slot}: {expert.full_name}, {line(expert.title)}",
            f"Owner: {line(expert.owner)}",
            *_terms(expert),
        ]
        if expert.attribution.strip():
            lines.append(f"Attribution: {line(expert.attribution)}")
        parts.append("\n".join([*lines, f"Data: {expert.data_digest}"]))
    if duties := _duties(anchor, experts):
        parts.append("\n".join([TOLD, *(f"- {duty}" for duty in duties)]))
    return "\n\n".join(parts) + "\n"


def _terms(part: AnchorCredit | ExpertCredit) -> list[str]:
    lines = [f"Licence: {part.licence}"]
    if isinstance(part, ExpertCredit) and part.declared != part.licence:
        lines.append(f"Declared by its owner: {part.declared}")
    return [*lines, *(f"Text: {path}" for path in licence_files(part))]
