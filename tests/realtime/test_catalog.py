from pathlib import Path

import pytest
from onnx_makers import make_style_onnx

from realtime import catalog
from realtime.catalog import find_style, list_styles, read_catalogue
from realtime.errors import ContractError, StyleFileError, StyleNotFoundError


@pytest.fixture
def shipped_styles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "shipped"
    monkeypatch.setattr(catalog, "shipped_dir", lambda: folder)
    for name in ("starry_night", "the_great_wave", "udnie"):
        make_style_onnx(folder / f"{name}.onnx", title=name.replace("_", " ").title())
    return folder


@pytest.mark.usefixtures("shipped_styles")
def test_styles_are_listed_by_name_shipped_and_own(user_styles: Path) -> None:
    make_style_onnx(user_styles / "my_cat.onnx")
    assert [(entry.name, entry.shipped) for entry in list_styles()] == [
        ("my_cat", False),
        ("starry_night", True),
        ("the_great_wave", True),
        ("udnie", True),
    ]


@pytest.mark.usefixtures("shipped_styles")
def test_an_unreadable_file_is_reported_and_hides_no_other(user_styles: Path) -> None:
    (user_styles / "broken.onnx").write_bytes(b"nothing")
    (user_styles / "notes.txt").write_text("not a style")
    catalogue = read_catalogue()
    assert len(catalogue.styles) == 3
    assert len(catalogue.problems) == 1
    assert "broken.onnx is no ONNX file" in catalogue.problems[0]


@pytest.mark.usefixtures("shipped_styles")
def test_an_own_style_takes_the_place_of_a_shipped_one(user_styles: Path) -> None:
    own = make_style_onnx(user_styles / "udnie.onnx", title="My Udnie")
    assert find_style("udnie").path == own
    assert [entry.contract.title for entry in list_styles() if entry.name == "udnie"] == ["My Udnie"]


@pytest.mark.usefixtures("shipped_styles")
def test_a_folder_that_does_not_exist_holds_no_styles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIVEBRUSH_STYLES", str(tmp_path / "nowhere"))
    assert len(list_styles()) == 3


@pytest.mark.usefixtures("shipped_styles", "user_styles")
@pytest.mark.parametrize(
    ("asked", "offered"),
    [("stary_night", "starry_night"), ("Starry Night", "starry_night"), ("great-wave", "the_great_wave")],
)
def test_an_unknown_name_offers_the_nearest(asked: str, offered: str) -> None:
    with pytest.raises(StyleNotFoundError) as caught:
        find_style(asked)
    assert caught.value.nearest[0] == offered


@pytest.mark.usefixtures("shipped_styles", "user_styles")
@pytest.mark.parametrize("asked", ["", "../../etc/passwd", "qqqqqqqq"])
def test_a_name_like_no_other_offers_the_list(
    asked: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # where no such file is
    with pytest.raises(StyleNotFoundError, match="python -m realtime styles"):
        find_style(asked)


@pytest.mark.usefixtures("shipped_styles", "user_styles")
def test_a_file_is_a_style_wherever_it_lies(tmp_path: Path) -> None:
    path = make_style_onnx(tmp_path / "elsewhere" / "mine.onnx", name="other_name")
    entry = find_style(str(path))
    assert (entry.name, entry.path, entry.shipped) == ("mine", path, False)


def test_a_missing_file_is_a_style_file_error(tmp_path: Path) -> None:
    with pytest.raises(StyleFileError, match="does not exist"):
        find_style(str(tmp_path / "gone.onnx"))


def test_a_file_without_a_contract_is_a_contract_error(tmp_path: Path) -> None:
    with pytest.raises(ContractError):
        find_style(str(make_style_onnx(tmp_path / "bare.onnx", with_contract=False)))


def test_a_broken_style_asked_for_by_name_says_what_is_wrong(user_styles: Path) -> None:
    (user_styles / "broken.onnx").write_bytes(b"nothing")
    with pytest.raises(StyleFileError, match="no ONNX file"):
        find_style("broken")


def test_the_shipped_folder_is_inside_the_package() -> None:
    assert catalog.shipped_dir() == Path(catalog.__file__).parent / "styles"


def test_own_styles_are_in_the_home_folder_unless_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LIVEBRUSH_STYLES", raising=False)
    assert catalog.user_dir() == Path.home() / ".livebrush" / "styles"


def test_every_style_that_ships_can_be_read() -> None:
    for path in catalog.shipped_dir().glob("*.onnx"):
        entry = find_style(str(path))
        assert entry.contract.name == path.stem.removesuffix(".steady")
        assert path.stat().st_size <= 449 * 1024 or entry.contract.preset != "fast"
