"""The styles that the page offers: the catalogue's, and those that visitors made of their pictures.

A picture that comes in is looked at before it is decoded, and never kept: what is kept is the style made of
it, in a folder of the page's own, under a hash, until the page ends.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from realtime.catalog import StyleEntry, list_styles
from realtime.errors import LivebrushError, OptionError, StyleNotFoundError, StylePictureError
from realtime.made_style import mix_styles, source_of_picture, source_of_style
from realtime.meta_file import find_meta_file
from realtime.picture_header import check_header
from realtime.style_cache import StyleCache
from realtime.style_maker import StyleMaker, read_hidden

MOST_UPLOADS = 40
MOST_UPLOAD_BYTES = 12 * 1024 * 1024
MOST_UPLOAD_PIXELS = 40_000_000
LONGEST_TITLE = 60
MIX_STEPS = 20  # each makes one file in the cache


@dataclass(frozen=True)
class Offer:
    """A style as the page shows it.

    Args:
        entry: the style.
        mixable: it can be mixed with others.
        uploaded: somebody made it of a picture while the page ran.
    """

    entry: StyleEntry
    mixable: bool
    uploaded: bool


class Gallery:
    """Finds styles by name, mixes them, and makes new ones. From any thread.

    Args:
        first: the style to begin with; it is offered too, wherever it comes from.
        folder: for the styles that are made of pictures.
        make_maker: opens what makes styles; called when the first is made.
        most_uploads: how many made styles are offered; the oldest beyond them go.
    """

    def __init__(
        self,
        first: StyleEntry,
        folder: Path,
        *,
        make_maker: Callable[[], StyleMaker] = lambda: StyleMaker(find_meta_file()),
        most_uploads: int = MOST_UPLOADS,
    ) -> None:
        self._make_maker, self._most_uploads = make_maker, most_uploads
        self._making = threading.Lock()  # one at a time: it takes all cores
        self._maker: StyleMaker | None = None
        self._lock = threading.Lock()
        self._cache = StyleCache(folder, most_uploads + 1)
        catalogue = list_styles()
        self._own = catalogue if any(each.path == first.path for each in catalogue) else [first, *catalogue]
        self._uploads: OrderedDict[str, StyleEntry] = OrderedDict()
        self.version = 0
        """Grows with every change of what is offered."""

    def offers(self) -> list[Offer]:
        """Return every style: the newest upload first, then the catalogue."""
        with self._lock:
            uploads = list(reversed(self._uploads.values()))
        maker = self._opened_maker()
        return [Offer(entry, _mixable(entry, maker), True) for entry in uploads] + [
            Offer(entry, _mixable(entry, maker), False) for entry in self._own
        ]

    def find(self, name: str) -> StyleEntry:
        """Return a style that is offered.

        Raises:
            StyleNotFoundError: none has that name.
        """
        with self._lock:
            if name in self._uploads:
                self._uploads.move_to_end(name)  # what is used is not what goes next
                return self._uploads[name]
        for entry in self._own:
            if entry.name == name:
                return entry
        raise StyleNotFoundError(name[:LONGEST_TITLE])

    def check_mix(self, one: str, other: str | None) -> None:
        """Raise LivebrushError unless these are offered, and can be mixed where there are two."""
        entries = [self.find(name) for name in (one, other) if name]
        if len(entries) > 1 and one != other:
            maker = self._need_maker()
            for entry in entries:
                if not _mixable(entry, maker):
                    raise OptionError(f"{entry.contract.title} cannot be mixed; choose another style")

    def mix(self, one: str, other: str | None, share: float) -> StyleEntry:
        """Return the style between two, `share` of it the other one's; made if it is not in the cache.

        Raises:
            LivebrushError: if one is not offered or cannot be mixed.
        """
        share = round(share * MIX_STEPS) / MIX_STEPS
        if other is None or share == 0 or one == other:
            return self.find(one)
        if share == 1:
            return self.find(other)
        parts = [(self.find(one), 1 - share), (self.find(other), share)]
        # By the titles that people see here: an upload is kept by another name.
        sources = [replace(source_of_style(*part), name=part[0].contract.title) for part in parts]
        maker = self._need_maker()
        with self._making:
            return mix_styles(maker, sources)

    def add(self, data: bytes, title: str) -> StyleEntry:
        """Make a style of a picture file's bytes, and offer it.

        Args:
            data: the file.
            title: to be shown; what cannot be shown in a line is left out.
        Raises:
            LivebrushError: it is no picture, damaged, too small or too large; or no styles can be made.
        """
        title = plain_title(title)
        width, height = check_header(data, title).size_wh
        if width * height > MOST_UPLOAD_PIXELS:
            raise StylePictureError(
                f"{title} has {width}x{height} pixels, here at most {MOST_UPLOAD_PIXELS // 1_000_000} "
                "million: make it smaller"
            )
        maker = self._need_maker()
        name = f"picture-{hashlib.sha256(data).hexdigest()[:12]}"
        with self._making:
            made = mix_styles(maker, [source_of_picture(data, name)], self._cache)
        entry = replace(made, name=name, contract=replace(made.contract, name=name, title=title))
        with self._lock:
            self._uploads[name] = entry
            self._uploads.move_to_end(name)
            while len(self._uploads) > self._most_uploads:
                _, oldest = self._uploads.popitem(last=False)
                oldest.path.unlink(missing_ok=True)
            self.version += 1
        return entry

    @property
    def can_add(self) -> bool:
        """True where pictures can become styles here."""
        return self._opened_maker() is not None

    def _need_maker(self) -> StyleMaker:
        maker = self._opened_maker()
        if maker is None:
            raise OptionError("no meta network is installed here, so pictures cannot become styles")
        return maker

    def _opened_maker(self) -> StyleMaker | None:
        with self._making:
            if self._maker is None:
                try:
                    self._maker = self._make_maker()
                except LivebrushError:
                    return None
            return self._maker


def plain_title(text: str) -> str:
    """Return a title in one line that can be shown, whatever was sent."""
    shown = "".join(letter if letter.isprintable() else " " for letter in text)
    return " ".join(shown.split())[:LONGEST_TITLE].strip() or "Your picture"


def _mixable(entry: StyleEntry, maker: StyleMaker | None) -> bool:
    try:
        return maker is not None and read_hidden(entry.contract, maker) is not None
    except LivebrushError:
        return False
