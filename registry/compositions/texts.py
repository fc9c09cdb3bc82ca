"""README.md and NOTICE of a composed repository. Pure: the same recipe and evidence, the same bytes.

They name no model, no consumer and no time, since the same composition may stand under several names. What owners
wrote is shown as plain text: it cannot become markup, a link or a line of the front matter.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

README = """\
---
library_name: transformers
pipeline_tag: text-generation
license: other
license_name: see-notice
license_link: NOTICE
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
{attribution}
## Loading it

Set `HF_ENDPOINT` to the address of the Guildhall that it came from and `HF_TOKEN` to a token of yours; then
`transformers` loads it like any other model, under the name it was requested by:

```python
from transformers import AutoModelForCausalLM, AutoTokenizer

name = "your-organisation/your-model"
tokenizer = AutoTokenizer.from_pretrained(name)
model = AutoModelForCausalLM.from_pretrained(name)
```

## What to know

An owner may withdraw an expert. A revision that holds it is then no longer served, and one without it takes its place;
load again to have it. `guildhall-manifest.json` holds the exact recipe and the digest of every file, `NOTICE` the
licences.
"""
MARKUP = re.compile(r"([\\`*_{}\[\]<>|~&!:])")


@dataclass(frozen=True, slots=True)
class AnchorCredit:
    """What is said of the public model."""

    name: str
    licence: str
    digest: str


@dataclass(frozen=True, slots=True)
class ExpertCredit:
    """What is said of an expert version, and in whose words."""

    slot: int
    name: str  # organisation/expert
    version: int
    title: str
    owner: str
    licence: str
    attribution: str
    licence_text: str
    data_digest: str


def repository_texts_of(anchor: AnchorCredit, experts: Sequence[ExpertCredit], *, top_k: int) -> dict[str, bytes]:
    return {
        "README.md": _readme(anchor, experts, top_k).encode(),
        "NOTICE": _notice(anchor, experts).encode(),
    }


def _readme(anchor: AnchorCredit, experts: Sequence[ExpertCredit], top_k: int) -> str:
    rows = [f"| 0 | {_shown(anchor.name)} | the public model | | {_shown(anchor.licence)} |"]
    for e in experts:
        cells = (str(e.slot), f"{e.name}@{e.version}", e.title, e.owner, e.licence)
        rows.append(f"| {' | '.join(map(_shown, cells))} |")
    quoted = [f"- {_shown(f'{e.name}@{e.version}')}: {_shown(e.attribution)}" for e in experts if e.attribution.strip()]
    return README.format(
        count=1 + len(experts),
        top_k=top_k,
        rows="\n".join(rows),
        attribution="\n".join(["", "Attribution, in the owners' words:", "", *quoted, ""]) if quoted else "",
    )


def _notice(anchor: AnchorCredit, experts: Sequence[ExpertCredit]) -> str:
    parts = [
        "This model is composed of works of several owners, each under its own licence.",
        "\n".join([f"Slot 0: {_line(anchor.name)}", f"Licence: {_line(anchor.licence)}", f"Anchor: {anchor.digest}"]),
    ]
    for expert in experts:
        lines = [
            f"Slot {expert.slot}: {expert.name}@{expert.version}, {_line(expert.title)}",
            f"Owner: {_line(expert.owner)}",
            f"Licence: {_line(expert.licence)}",
        ]
        if expert.attribution.strip():
            lines.append(f"Attribution: {_line(expert.attribution)}")
        lines.append(f"Data: {expert.data_digest}")
        if expert.licence_text.strip():
            lines += ["Text of the licence:", *(f"    {line}".rstrip() for line in expert.licence_text.splitlines())]
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def _line(text: str) -> str:
    return " ".join(text.split())


def _shown(text: str) -> str:
    """Foreign text inside Markdown: one line, and no sign of it means anything."""
    return MARKUP.sub(r"\\\1", _line(text))
