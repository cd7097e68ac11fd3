"""onnxruntime-web for pages: fetched by npm, checked against its hash, and kept.

npm knows the user's registry and proxy. What it fetched is kept as it came, in LIVEBRUSH_CACHE or the
user's own folder for such things, and checked each time it is used.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import shutil
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

from export.errors import ExportError
from export.whole import written_whole
from realtime.providers_onnxruntime import cache_dir

PACKAGE, VERSION = "onnxruntime-web", "1.30.0"
INTEGRITY = "sha512-q0y+JrrtukXSzsBWEMccVfqX25LRmosXHF+CaRJmg8pZClzcV7svNc4rKY3jL02Vb7QmRMDs1SigqR4CXAfKYQ=="
FOLDER = "runtime"
_TIMEOUT_S = 600


@dataclass(frozen=True)
class Build:
    """One build of the runtime: the module that a page imports, and the binary that this loads."""

    module: str
    binary: str

    def to_plain(self) -> dict[str, str]:
        """Return where both lie in the page."""
        return {"module": f"{FOLDER}/{self.module}", "binary": f"{FOLDER}/{self.binary}.gz"}


# By the names that `web_page/runtime.js` asks for. WebGPU twice: browsers in which WebAssembly can wait for a
# card by itself take a build that is smaller and faster; the others one that takes its functions apart.
BUILDS = {
    "wasm": Build("ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.wasm"),
    "webgpu": Build("ort.jspi.bundle.min.mjs", "ort-wasm-simd-threaded.jspi.wasm"),
    "webgpuAsync": Build("ort.webgpu.bundle.min.mjs", "ort-wasm-simd-threaded.asyncify.wasm"),
}


def write_runtime(folder: Path) -> None:
    """Write every build into a new folder, the binaries gzipped, a quarter of their size.

    Raises:
        ExportError: if the package cannot be had, or is not the one that is wanted.
        OSError: if it cannot be written.
    """
    ready = _prepare(find_package())
    folder.mkdir()
    for path in sorted(ready.iterdir()):
        (folder / path.name).write_bytes(path.read_bytes())


def _prepare(packed: Path) -> Path:
    """Return a folder with what pages take of the package; packing takes seconds, so it is kept beside it."""
    ready = packed.with_name(f"{PACKAGE}-{VERSION}-page")
    if ready.is_dir() and {path.name: path.stat().st_size for path in ready.iterdir()} == _noted_sizes(ready):
        return ready
    try:
        with written_whole(ready) as part:
            part.mkdir()
            with tarfile.open(packed) as package:
                for build in BUILDS.values():
                    _unpack(package, build.module, part / build.module)
                    _unpack(package, build.binary, part / f"{build.binary}.gz")
            sizes = {path.name: path.stat().st_size for path in part.iterdir()}
            _note_of(part.parent / ready.name).write_text(json.dumps(sizes))
    except (tarfile.TarError, KeyError) as error:
        raise ExportError(f"{packed} is not as {PACKAGE} {VERSION} should be: {error}") from error
    return ready


def _note_of(ready: Path) -> Path:
    return ready.with_name(f"{ready.name}.json")


def _noted_sizes(ready: Path) -> dict[str, int] | None:
    try:
        return dict(json.loads(_note_of(ready).read_text()))
    except (OSError, ValueError):
        return None


def _unpack(package: tarfile.TarFile, name: str, to: Path) -> None:
    member = package.extractfile(f"package/dist/{name}")
    if member is None:
        raise KeyError(name)
    # Without a time in it, the same runtime is the same bytes in every page.
    with member, gzip.GzipFile(to, "wb", 9, mtime=0) if to.suffix == ".gz" else to.open("wb") as file:
        shutil.copyfileobj(member, file, 1 << 20)


def find_package() -> Path:
    """Return the package as npm packs it, fetched if it is not kept yet.

    Raises:
        ExportError: if npm is missing or fails, or what came has another hash.
    """
    kept = cache_dir() / "npm" / f"{PACKAGE}-{VERSION}.tgz"
    if kept.is_file() and _integrity(kept) == INTEGRITY:
        return kept
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".npm-", dir=kept.parent) as folder:
            fetched = _fetch(Path(folder), kept)
            found = _integrity(fetched)
            if found != INTEGRITY:
                raise ExportError(
                    f"{PACKAGE} {VERSION} has the hash {found[:20]}... where {INTEGRITY[:20]}... is wanted: "
                    "what npm fetched is not what was published; look at `npm config get registry`"
                )
            fetched.replace(kept)
    except OSError as error:
        raise ExportError(
            f"{kept} cannot be written ({error.strerror or error}); set LIVEBRUSH_CACHE to another folder"
        ) from error
    return kept


def _fetch(folder: Path, kept: Path) -> Path:
    npm = shutil.which("npm")
    if npm is None:
        raise ExportError(
            f"npm is missing, which fetches {PACKAGE} {VERSION}: install Node.js (apt-get install npm), or "
            f"run `npm pack {PACKAGE}@{VERSION}` on another machine and put what it wrote at {kept}"
        )
    command = [npm, "pack", f"{PACKAGE}@{VERSION}", "--ignore-scripts", "--silent"]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=_TIMEOUT_S)
    except subprocess.TimeoutExpired as error:
        raise ExportError(
            f"npm did not fetch {PACKAGE} within {_TIMEOUT_S // 60} minutes; try again"
        ) from error
    packed = list(folder.glob("*.tgz"))
    if done.returncode or not packed:
        said = [line for line in f"{done.stderr}\n{done.stdout}".splitlines() if line.strip()]
        why = said[0].strip() if said else f"exit code {done.returncode}"
        raise ExportError(f"npm cannot fetch {PACKAGE}@{VERSION}: {why}")
    return packed[0]


def _integrity(file: Path) -> str:
    digest = hashlib.sha512(file.read_bytes()).digest()
    return f"sha512-{base64.b64encode(digest).decode()}"
