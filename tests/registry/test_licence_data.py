"""The file of licence terms: whole, explained, and refused in a sentence when a row contradicts itself."""

import re
from copy import deepcopy
from typing import Any
from urllib.parse import urlsplit

import pytest
from license_expression import get_spdx_licensing

from registry.evidence.licence_data import BY_HUB, LICENCES, faults_in, licence_file
from registry.evidence.licence_texts import HOUSE_TEXTS
from registry.evidence.licences import normalised_licence

# What hubs offer in their lists of licences, and what no row of ours can be: families, and ids without a version.
COMMON_ON_HUBS = re.findall(
    r"\S+",
    """
    apache-2.0 mit openmdw-1.0 bigscience-openrail-m creativeml-openrail-m bigscience-bloom-rail-1.0
    bigcode-openrail-m afl-3.0 artistic-2.0 bsl-1.0 bsd bsd-2-clause bsd-3-clause bsd-3-clause-clear c-uda cc0-1.0
    cc-by-2.0 cc-by-3.0 cc-by-4.0 cc-by-sa-3.0 cc-by-sa-4.0 cc-by-nc-2.0 cc-by-nc-3.0 cc-by-nc-4.0 cc-by-nd-4.0
    cc-by-nc-nd-3.0 cc-by-nc-nd-4.0 cc-by-nc-sa-3.0 cc-by-nc-sa-4.0 cdla-sharing-1.0 cdla-permissive-1.0
    cdla-permissive-2.0 wtfpl ecl-2.0 epl-2.0 etalab-2.0 eupl-1.2 agpl-3.0 gfdl gpl gpl-2.0 gpl-3.0 lgpl lgpl-2.1
    lgpl-3.0 isc lppl-1.3c ms-pl mpl-2.0 odc-by odbl osl-3.0 postgresql ofl-1.1 ncsa unlicense zlib pddl llama2
    llama3.1 llama3.2 llama3.3 llama4 gemma
    """,
)


def test_there_are_more_than_a_hundred_and_each_says_where_it_is_published_and_who_read_it() -> None:
    assert len(LICENCES) > 100
    for row in LICENCES.values():
        assert urlsplit(row.source).scheme in {"https", "http"}, row.id
        assert row.summary.endswith("."), row.id
        assert row.reviewed_by, row.id


@pytest.mark.parametrize("name", LICENCES)
def test_each_id_is_one_that_a_parser_of_spdx_knows_or_ours(name: str) -> None:
    assert name in get_spdx_licensing().known_symbols or name in HOUSE_TEXTS


@pytest.mark.parametrize("name", COMMON_ON_HUBS)
def test_what_model_hubs_call_it_is_understood(name: str) -> None:
    assert normalised_licence(name, text="The text.") == BY_HUB[name] in LICENCES


def test_the_file_has_no_faults() -> None:
    assert faults_in(licence_file()) == []


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"share_alike": "whole", "derivatives": False}, "forbids to make"),
        ({"share_alike": "whole", "redistribution": False}, "forbids to make or to share"),
        ({"share_alike": "perhaps"}, "a word that is not explained"),
        ({"patents": "perhaps"}, "a word that is not explained"),
        ({"shares_with": ["MIT"]}, "asks nobody to share"),
        ({"share_alike": "whole", "shares_with": ["Beerware"]}, "Beerware, of which there is no row"),
        ({"commercial_use": False, "commercial_limit": "a little"}, "limits a commercial use that it does not allow"),
        ({"commercial_use": False, "only_for": ["service"]}, "only for a commercial purpose"),
        ({"only_for": ["fun"]}, '"fun", which is no purpose'),
        ({"bans": ["dancing"]}, 'bans has the word "dancing"'),
        ({"notices": ["loudly"]}, 'notices has the word "loudly"'),
        ({"outputs": ["none"]}, 'outputs has the word "none"'),
        ({"commercial_use": "no"}, "a field 'commercial_use' that is not explained"),
        ({"comercial_use": False}, "a field 'comercial_use' that is not explained"),
        ({"source": ""}, "has no source"),
        ({"id": "MIT"}, "There are two rows for MIT"),
    ],
)
def test_a_row_that_is_wrong_has_its_sentence(changes: dict[str, Any], sentence: str) -> None:
    file = deepcopy(licence_file())
    next(row for row in file["licence"] if row["id"] == "ISC").update(changes)

    faults = faults_in(file)

    assert any(sentence in fault for fault in faults), faults
