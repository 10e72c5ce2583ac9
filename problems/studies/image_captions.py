"""Captions of images: a user's own, or made of labels and measured attributes, as "a thin three, leaning left".

Strokes are thin, or thick, that are in the lowest, or highest, third of the images of their label to train with, and
nothing is said of those between; they lean left, are upright or lean right by the thirds of their slants. What a
caption does not say is left open: it is left out of some at random.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from formulations.problem import Floats, Ints
from problems.studies.image_attributes import attributes
from problems.terminal.errors import InputError, safe

if TYPE_CHECKING:
    from problems.io.images import Images

WORD = re.compile(r"[^\W_]+")
MOST_WORDS, MOST_KNOWN = 24, 2_000  # of a caption; of all together, the most frequent ones
SHOWN = 60  # words that a message lists
LEFT_OUT = 0.15  # of captions leave out the thickness, and as many the slant
NUMERALS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
THICKNESS = (("thin", "fine"), (), ("thick", "bold"))
SLANTS = (("leaning left", "tilted left"), ("upright", "straight"), ("leaning right", "tilted right"))
PHRASES = ("a {thickness} {label}, {slant}", "a {thickness} {label} that is {slant}", "{thickness} {label} {slant}")
AT_ONCE = 1_000  # images that are measured
MOST_MADE, EACH = 3_000, 20  # images by which a generator is measured, and of each caption


@dataclass(frozen=True)
class Words:
    """The words that captions are made of, the k-th of which is number k + 1, and how many a caption may have."""

    known: tuple[str, ...]
    most: int

    def numbers(self, captions: Sequence[str]) -> Ints:
        """Captions as rows of numbers, 0 in front, int64 (n, most); words that are not known, and too many, are lost.

        >>> Words(("a", "three"), 3).numbers(["a three", "A THREE, a three"])
        array([[0, 1, 2],
               [2, 1, 2]])
        """
        number = {word: k for k, word in enumerate(self.known, start=1)}
        rows = np.zeros((len(captions), self.most), dtype=np.int64)
        for row, caption in zip(rows, captions, strict=True):
            found = [number[word] for word in split_words(caption) if word in number][-self.most :]
            row[self.most - len(found) :] = found
        return rows

    def asked(self, caption: str) -> Ints:
        """The numbers of one caption, (1, most); raises InputError for words that are not known, and for too many."""
        words = split_words(caption)
        unknown = [word for word in words if word not in self.known]
        if unknown or not words:
            what = f"{safe(unknown[0], 40)!r} is no word" if unknown else f"{safe(caption, 40)!r} holds no word"
            raise InputError(f"--words: {what} that images were trained with; use {self.listed()}")
        if len(words) > self.most:
            raise InputError(f"--words: has {len(words)} words, and captions had at most {self.most}; say it shorter")
        return self.numbers([caption])

    def listed(self) -> str:
        """The words, or the most frequent ones, by the alphabet."""
        more = f", or {len(self.known) - SHOWN} others" if len(self.known) > SHOWN else ""
        return ", ".join(safe(word, 40) for word in sorted(self.known[:SHOWN])) + more

    def text(self, numbers: Ints) -> str:
        """The words with these numbers, (most,).

        >>> Words(("a", "three"), 3).text(np.array([0, 1, 2]))
        'a three'
        """
        return " ".join(self.known[k - 1] for k in numbers.tolist() if k)


def split_words(caption: str) -> list[str]:
    """Its words in lower case, without punctuation.

    >>> split_words("A thin 3, leaning left")
    ['a', 'thin', '3', 'leaning', 'left']
    """
    return WORD.findall(caption.lower())


def words_of(captions: Sequence[str]) -> Words:
    """All words in captions, the most frequent first, and equally frequent ones by the alphabet.

    >>> words_of(["a three", "a thin three"])
    Words(known=('a', 'three', 'thin'), most=3)
    """
    parts = [split_words(caption) for caption in captions]
    counts = Counter(word for words in parts for word in words)
    known = sorted(counts, key=lambda word: (-counts[word], word))[:MOST_KNOWN]
    return Words(tuple(known), max(map(len, parts)))


def refuse_captions(captions: Sequence[str]) -> None:
    """Raise InputError for a caption without a word, and for one with too many."""
    for k, caption in enumerate(captions, start=1):
        count = len(split_words(caption))
        if not 1 <= count <= MOST_WORDS:
            raise InputError(f"caption {k} has {count} words; give from 1 to {MOST_WORDS}")


@dataclass(frozen=True, eq=False)
class Thirds:
    """Where the thirds of images of each label begin, of their thickness and their slant.

    labels            their names
    thickness, slant  (labels, 2)
    """

    labels: Sequence[str]
    thickness: Floats
    slant: Floats

    def told(self, images: Any, labels: Ints) -> tuple[Ints, Ints]:
        """In which third, 0, 1 or 2, thickness and slant of images (n, ...) of these labels are; -1 of black ones."""
        found, told = attributes(images), []
        for name in ("thickness", "slant"):
            values = getattr(found, name)
            third = (values[:, None] > getattr(self, name)[labels]).sum(axis=1)
            told.append(np.where(np.isnan(values), -1, third))
        return told[0], told[1]


def thirds_of(images: Any, labels: Ints, names: Sequence[str]) -> Thirds:
    """By images (n, channels, h, w) to train with; labels that none of these has are taken by all images."""
    found = attributes(images)
    sets = [np.flatnonzero(labels == k) for k in range(len(names))]
    cuts = {
        name: np.array(
            [
                np.nanquantile(getattr(found, name)[chosen if len(chosen) else slice(None)], (1 / 3, 2 / 3))
                for chosen in sets
            ]
        )
        for name in ("thickness", "slant")
    }
    return Thirds(names, **cuts)


def phrase(label: str, thickness: int, slant: int, numbers: np.random.Generator) -> str:
    """A caption of an image of that label in these thirds; -1 says nothing.

    >>> [phrase("3", 0, 2, np.random.default_rng(seed)) for seed in range(3)]
    ['fine three leaning right', 'a fine three that is tilted right', 'thin 3 leaning right']
    """

    def one_of(words: Sequence[str]) -> str:
        return words[int(numbers.integers(len(words)))] if words else ""

    nouns = (label, NUMERALS[int(label)]) if label.isdecimal() and label.isascii() and len(label) == 1 else (label,)
    said = one_of(PHRASES).format(
        label=one_of(nouns),
        thickness=one_of(THICKNESS[thickness]) if thickness >= 0 else "",
        slant=one_of(SLANTS[slant]) if slant >= 0 else "",
    )
    return " ".join(said.split()).removesuffix(" that is").strip(", ")


def phrases(thirds: Thirds, images: Images, labels: Ints, seed: int) -> list[str]:
    """A caption for each image, parts of which are left out at random."""
    numbers, places = np.random.default_rng([seed, len(labels)]), np.arange(len(labels))
    parts = np.split(places, places[AT_ONCE::AT_ONCE])
    told = np.concatenate([np.stack(thirds.told(images.rows(part), labels[part]), axis=1) for part in parts])
    told[numbers.random(told.shape) < LEFT_OUT] = -1
    rows = zip(labels.tolist(), *told.T.tolist(), strict=True)
    return [phrase(thirds.labels[label], thickness, slant, numbers) for label, thickness, slant in rows]


@dataclass(frozen=True, eq=False)
class Asked:
    """What is asked for to measure a generator: everything that captions can say, once each.

    captions  their words; label, thickness, slant: what each says
    """

    captions: Sequence[str]
    label: Ints
    thickness: Ints
    slant: Ints

    @property
    def each(self) -> int:
        """How many images are made by a caption."""
        return max(1, min(EACH, MOST_MADE // len(self.captions)))

    def right(self, thirds: Thirds, images: Any, classify: Callable[[Any], Ints]) -> dict[str, float]:
        """Shares of images (captions x each, ...), of one caption after the other, of which what it says is true."""
        label, thickness, slant = (np.repeat(part, self.each) for part in (self.label, self.thickness, self.slant))
        told = thirds.told(images, label)
        right = np.stack([classify(images) == label, told[0] == thickness, told[1] == slant])
        shares = dict(zip(("label", "thickness", "slant"), right.mean(axis=1).tolist(), strict=True))
        return {**shares, "all": float(right.all(axis=0).mean())}


def asked_of(labels: Sequence[str], seed: int) -> Asked:
    """Every label thin and thick, leaning left, upright and leaning right.

    >>> asked = asked_of(["0", "1"], 0)
    >>> len(asked.captions), asked.captions[0]
    (12, 'fine zero leaning left')
    """
    numbers = np.random.default_rng(seed)
    parts = np.array([(k, thickness, slant) for k in range(len(labels)) for thickness in (0, 2) for slant in range(3)])
    captions = [phrase(labels[k], thickness, slant, numbers) for k, thickness, slant in parts.tolist()]
    return Asked(captions, *parts.T)
