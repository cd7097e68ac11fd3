import re
from html.parser import HTMLParser

from realtime.page.files import FOLDER, INDEX, read_files


class Reader(HTMLParser):
    """Notes ids, what refers to them, and what has no name for a screen reader."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.refers: list[str] = []
        self.inline: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if values.get("id"):
            self.ids.append(str(values["id"]))
        for name in ("for", "aria-labelledby"):
            if values.get(name):
                self.refers.append(str(values[name]))
        if tag in ("a", "use") and str(values.get("href", "")).startswith("#"):
            self.refers.append(str(values["href"])[1:])
        self.inline += [name for name in values if name == "style" or name.startswith("on")]


def read_index() -> Reader:
    reader = Reader()
    reader.feed((FOLDER / INDEX).read_text(encoding="utf-8"))
    return reader


def test_the_page_loads_nothing_from_elsewhere() -> None:
    for name, file in read_files().items():
        text = file.data.decode("utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"(https?:)?//[a-z0-9-]+\.[a-z]", text), name


def test_ids_are_unique_and_what_refers_to_them_finds_them() -> None:
    reader = read_index()
    assert len(reader.ids) == len(set(reader.ids))
    assert set(reader.refers) <= set(reader.ids)


def test_every_id_that_a_script_asks_for_is_in_the_page() -> None:
    ids = set(read_index().ids)
    for path in FOLDER.glob("*.js"):
        text = path.read_text(encoding="utf-8")
        asked = set(re.findall(r"""(?:getElementById|\bat)\("([\w-]+)"\)""", text))
        assert asked <= ids, path.name


def test_nothing_in_the_page_needs_what_its_policy_forbids() -> None:
    assert read_index().inline == []


def test_every_key_that_is_explained_does_something() -> None:
    page = (FOLDER / INDEX).read_text(encoding="utf-8")
    keys = set(re.findall(r"<kbd>(.*?)</kbd>", page)) - {"Space"}
    handled = (FOLDER / "main.js").read_text(encoding="utf-8") + (FOLDER / "keys.js").read_text(
        encoding="utf-8"
    )
    for key in keys:
        name = {"−": "-"}.get(key, key.lower())
        assert f'"{name}":' in handled or re.search(rf"\b{re.escape(name)}: ", handled), key
