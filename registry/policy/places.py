"""Where in a set's text a fault lies, by line and column: Cedar says what is wrong, and not where.

Pure, and no parser of its own: it knows words, strings and comments, and asks the engine about ever shorter beginnings.
"""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

TOKEN = re.compile(r'//[^\n]*|\s+|"(?:[^"\\]|\\.)*"|[A-Za-z_]\w*|\d+|::|==|!=|<=|>=|&&|\|\||.', re.DOTALL)
QUOTED = re.compile(r'"([^"\n]+)"')
NAMED = re.compile(r"`([^`\n]+)`|: (\w+)$")
STUMBLES = ("unexpected token", "invalid token")
UNFINISHED = "unexpected end of input"
EFFECTS = ("permit", "forbid")

Complaint = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Place:
    """Both from one on, as editors count; a column is a sign, not a byte."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Token:
    text: str
    start: int

    @property
    def end(self) -> int:
        return self.start + len(self.text)


def place_of(text: str, sentence: str, *, complaint: Complaint) -> Place | None:
    """The place that a sentence about the text speaks of; None where it speaks of the whole.

    `complaint` is what the engine says of a text that it cannot read, and empty for one that it can.
    """
    statements = list(_statements(text))
    if complaint(text):
        return _place(text, _where_unread(text, statements, complaint))
    by_id = {_id_of(statement): statement for statement in reversed(statements)}
    for name in QUOTED.findall(sentence):
        if name in by_id:
            return _place(text, _word_in(by_id[name], sentence))
    return None


def _where_unread(text: str, statements: Sequence[Sequence[Token]], complaint: Complaint) -> int:
    """The first policy that cannot be read for itself, and in it the word that the engine stumbles over."""
    for statement in statements:
        first = statement[0].start
        said = complaint(text[first : statement[-1].end])
        if said == UNFINISHED:
            return statement[-1].start
        if said.startswith(STUMBLES):
            return _where_stuck(text[: statement[-1].end], statement, complaint)
        if said:
            return _word_in(statement, said)
    return len(text.rstrip())


def _where_stuck(text: str, statement: Sequence[Token], complaint: Complaint) -> int:
    """The beginning gets no better by what follows: the last word of the shortest that is wrong, or one just before."""

    def says(count: int) -> str:
        return complaint(text[statement[0].start : statement[count].end])

    stuck = bisect_left(range(len(statement) - 1), x=True, key=lambda count: says(count) not in ("", UNFINISHED))
    named = NAMED.search(says(stuck))
    for token in reversed(statement[max(0, stuck - 1) : stuck + 1]):
        if named and token.text == named[1]:
            return token.start
    return statement[stuck].start


def _word_in(statement: Sequence[Token], sentence: str) -> int:
    """The word that the sentence names, or the policy's effect, or its beginning."""
    after = next((at for at, token in enumerate(statement) if token.text in EFFECTS), 0)
    for named in NAMED.finditer(sentence):
        word = next((token for token in statement[after:] if token.text == (named[1] or named[2])), None)
        if word is not None:
            return word.start
    return statement[after].start


def _id_of(statement: Sequence[Token]) -> str:
    for (sign, name), value in zip(pairwise(statement), statement[3:], strict=False):
        if (sign.text, name.text) == ("@", "id"):
            return value.text.strip('"')
    return ""


def _statements(text: str) -> Iterator[list[Token]]:
    """The policies' words, comments left out; what stands behind the last `;` too."""
    statement: list[Token] = []
    for found in TOKEN.finditer(text):
        if found[0].isspace() or found[0].startswith("//"):
            continue
        statement.append(Token(found[0], found.start()))
        if found[0] == ";":
            yield statement
            statement = []
    if statement:
        yield statement


def _place(text: str, offset: int) -> Place:
    return Place(text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset))
