"""Read the metadata of a package that torch has compiled (AOTInductor, .pt2), without torch.

A package is a zip archive. What the exporter wrote lies in it as JSON beside the compiled code, together
with what torch notes of the machine that it was compiled for.
https://docs.pytorch.org/docs/stable/export/pt2_archive.html
"""

from __future__ import annotations

import json
import zipfile
import zlib
from pathlib import Path

from realtime.errors import StyleFileError

PACKAGE_SUFFIX = ".pt2"
DEVICE_KEY = "AOTI_DEVICE_KEY"  # torch's own: "cpu" or "cuda"
_FOLDER, _ENDING = "/data/aotinductor/", "metadata.json"
_MAX_ENTRY_BYTES = 1 << 20  # as in `onnx_metadata`: a broken file must not decide how much is read


def read_package_metadata(path: Path) -> dict[str, str]:
    """Return the texts in the metadata of a .pt2 package.

    Raises:
        StyleFileError: if the file is missing, cannot be read, is cut short or is no such package.
    """
    if not path.exists():
        raise StyleFileError(f"style file {path} does not exist; check the path")
    try:
        with zipfile.ZipFile(path) as archive:
            entries = [entry for entry in archive.infolist() if _is_metadata(entry)]
            found = [json.loads(archive.read(entry)) for entry in entries]
    # RuntimeError: deeply nested JSON, an entry with a password, or a way to compress that is not known.
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error, ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise StyleFileError(
            f"{path} is no .pt2 package, or a damaged one ({reason}); export it again"
        ) from error
    if not found:
        raise StyleFileError(f"{path} is no .pt2 package of AOTInductor; export it again")
    texts: dict[str, str] = {}
    for plain in found:  # one for the kernels and one for what calls them; both say the same
        if isinstance(plain, dict):
            texts |= {key: value for key, value in plain.items() if isinstance(value, str)}
    return texts


def _is_metadata(entry: zipfile.ZipInfo) -> bool:
    return (
        _FOLDER in entry.filename and entry.filename.endswith(_ENDING) and entry.file_size <= _MAX_ENTRY_BYTES
    )
