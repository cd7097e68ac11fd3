"""Lets a style that was trained by itself be mixed with pictures: by the hidden numbers of its own picture.

What is mixed then is what the meta network writes for the picture, not the trained network, so the installed
meta network must be the one that the styles were exported beside. When another one ships,

    python -m export.mixable realtime/styles PICTURES

gives every style file whose picture is there, by the style's name, the numbers of the new one.
"""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import onnx

from export.errors import ExportError
from export.whole import write_whole
from realtime.contract import METADATA_KEY, read_contract
from realtime.errors import LivebrushError
from realtime.meta_file import find_meta_file
from realtime.onnx_metadata import STEADY_SUFFIX
from realtime.picture_header import read_bytes
from realtime.style_maker import StyleMaker, hidden_notes
from realtime.style_picture import decode_style_picture

_PICTURES = (".jpg", ".jpeg", ".png")


def with_hidden(content: dict[str, Any], picture: Path) -> dict[str, Any]:
    """Return a checkpoint's content whose notes carry the hidden numbers of a picture.

    Args:
        content: what `training.checkpoint.load_checkpoint` returned.
        picture: what the style was learnt from.
    Raises:
        LivebrushError: if no meta network is installed, or the picture cannot be used.
    """
    notes = _notes(StyleMaker(find_meta_file()), picture)
    return {**content, "training": {**content["training"], **notes}}


def renew_hidden(file: Path, picture: Path, maker: StyleMaker) -> None:
    """Have a style file carry what this meta network says of its picture; all else stays as it is.

    Raises:
        LivebrushError: if either file cannot be used.
        ExportError: if the style cannot be written.
    """
    contract = read_contract(file)
    training = {**contract.training, **_notes(maker, picture)}
    model = onnx.load(file)
    for note in model.metadata_props:
        if note.key == METADATA_KEY:
            note.value = replace(contract, training=training).to_json()
    write_whole(file, model.SerializeToString())


def _notes(maker: StyleMaker, picture: Path) -> dict[str, str]:
    data = read_bytes(picture)
    image = decode_style_picture(data, picture.name, short_side=maker.plan.style_size)
    return hidden_notes(maker.plan, maker.hidden(image))


def main(styles: Path, pictures: Path) -> None:
    """Renew the style files of a folder."""
    maker = StyleMaker(find_meta_file())
    # Of a recurrent style the plain file is what is mixed.
    files = [file for file in sorted(styles.glob("*.onnx")) if not file.name.endswith(STEADY_SUFFIX)]
    if not files:
        raise ExportError(f"there are no style files in {styles}")
    for file in files:
        found = [pictures / f"{file.stem}{suffix}" for suffix in _PICTURES]
        picture = next((one for one in found if one.is_file()), None)
        if picture is not None:
            renew_hidden(file, picture, maker)
        print(f"{file.name}: {picture.name if picture else 'has no picture there, left as it was'}")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: python -m export.mixable STYLES PICTURES")
    try:
        main(Path(sys.argv[1]), Path(sys.argv[2]))
    except LivebrushError as error:
        sys.exit(f"error: {error}")
