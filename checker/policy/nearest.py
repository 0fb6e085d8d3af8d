"""What a person may have meant by a text that names nothing: the one place for suggestions."""

from collections.abc import Iterable
from functools import cached_property
from heapq import nlargest
from itertools import pairwise

SHORTLIST = 16  # candidates worth the exact comparison, of which one costs some 20 microseconds
SHOWN = 3
BITS = 509  # of a text's print; a prime, so that pairs of letters spread


class Known:
    """Texts that exist, to be compared with many that do not: each takes time linear in their number."""

    def __init__(self, texts: Iterable[str]) -> None:
        self.texts = sorted(set(texts))

    def __contains__(self, text: str) -> bool:
        return text in self._set

    @cached_property
    def _set(self) -> frozenset[str]:
        return frozenset(self.texts)

    @cached_property
    def _prints(self) -> list[tuple[int, int]]:
        prints = [_print(text) for text in self.texts]
        return [(there, there.bit_count()) for there in prints]

    def closest(self, text: str, cutoff: float = 0.6) -> str | None:
        """The text that exists and is written almost so; see `nearest`."""
        return next(iter(self.nearest(text, 1, cutoff)), None)

    def nearest(self, text: str, most: int = SHOWN, cutoff: float = 0.6) -> list[str]:
        """Texts that exist and are written almost so, in any case; of a pattern what is not a wildcard counts.

        `cutoff` is how alike they must be, from 0 to 1 (difflib.SequenceMatcher.ratio).
        """
        from difflib import get_close_matches  # most policies have nothing misspelt

        literal = text.replace("*", "").replace("?", "").lower()
        comparable: dict[str, str] = {}
        for candidate in self._shortlist(literal):
            comparable.setdefault(_comparable(text, literal, candidate.lower()), candidate)
        close = get_close_matches(literal, comparable, most, cutoff) if literal else []
        return [comparable[match] for match in close]

    def said(self) -> str:
        """What exists, as far as it can be read at a glance."""
        more = len(self.texts) - SHOWN
        return ", ".join(self.texts[:SHOWN]) + (f" and {more} more" if more > 0 else "")

    def _shortlist(self, literal: str) -> list[str]:
        if len(self.texts) <= SHORTLIST:
            return self.texts
        wanted = _print(literal)
        # Most pairs shared first, of these the text with the fewest others.
        scores = [(wanted & there).bit_count() * 1024 - size for there, size in self._prints]
        return [self.texts[number] for number in nlargest(SHORTLIST, range(len(scores)), scores.__getitem__)]


def _print(text: str) -> int:
    """A bit for every pair of neighbours: texts that look alike share most of them."""
    bits = 0
    for first, second in pairwise(f" {text.lower()} "):
        bits |= 1 << ((ord(first) * 31 + ord(second)) % BITS)
    return bits


def _comparable(pattern: str, literal: str, candidate: str) -> str:
    """The part of a candidate that the text of a pattern stands for."""
    if "*" not in pattern:
        return candidate
    return candidate[-len(literal) :] if pattern.startswith("*") else candidate[: len(literal)]


def meant(suggestion: str) -> str:
    """The question that every suggestion is."""
    return f"did you mean {suggestion}?"
