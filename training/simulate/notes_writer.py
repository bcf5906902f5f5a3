"""Writes the text of a simulated note, and remembers which words support which code."""

from random import Random

from training.simulate.notes_tables import Style, frames


class NoteWriter:
    """Text in the making: plain words may get mistakes, marked words keep their exact span."""

    def __init__(self, style: Style, rng: Random) -> None:
        self.style = style
        self.marks: list[tuple[str, int, int]] = []  # code, begin, end
        self._rng = rng
        self._parts: list[str] = []
        self._length = 0

    @property
    def text(self) -> str:
        """The note so far."""
        return "".join(self._parts)

    def put(self, words: str) -> None:
        """Add words exactly as they are, but for the style's line ends."""
        if self.style.line_end != "\n":
            words = words.replace("\n", self.style.line_end)
        self._parts.append(words)
        self._length += len(words)

    def say(self, words: str) -> None:
        """Add words, with now and then a mistake of dictation or typing."""
        if self.style.errors and self._rng.random() < self.style.errors:
            words = self._mistaken(words)
        self.put(words)

    def mark(self, code: str, words: str) -> None:
        """Add words that support ``code``."""
        begin = self._length
        self.put(words)
        self.marks.append((code, begin, self._length))

    def head(self, kind: str) -> None:
        """Begin a section."""
        heading = self.style.headings[kind]
        if not self._parts:
            self.put(heading)
        elif heading:
            self.put(self.style.gap + heading)
        else:
            self.put("\n")

    def _mistaken(self, words: str) -> str:
        rng = self._rng
        table = frames()["dictation"]
        if self.style.prose:
            for heard, written in rng.sample(table["errors"], 4):
                if heard in words:
                    return words.replace(heard, written, 1)
            return words.replace(".", " period", 1) if rng.random() < 0.3 else words
        if len(words) < 6:
            return words
        at = rng.randrange(1, len(words) - 2)
        if not words[at : at + 2].isalpha():
            return words
        kind = rng.choice(table["typos"])
        if kind == "swap":
            return words[:at] + words[at + 1] + words[at] + words[at + 2 :]
        if kind == "drop":
            return words[:at] + words[at + 1 :]
        return words[:at] + words[at] + words[at:]
