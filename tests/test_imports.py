"""The borders between the packages: the runtime is what a webcam user installs, without torch."""

import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]

IMPORT_ALL = """
import importlib, pkgutil, sys
for hidden in ("torch", "torchvision", "onnx", "lightning", "matplotlib", "PIL"):
    sys.modules[hidden] = None
import realtime
names = [module.name for module in pkgutil.walk_packages(realtime.__path__, "realtime.")]
assert len(names) > 10, names
for name in names:
    if not name.endswith("__main__"):
        importlib.import_module(name)
ours = [name for name in sys.modules if name.split(".")[0] in ("training", "export", "tests")]
assert not ours, ours
print("imported", len(names))
"""

IMPORT_TOP = """
import sys
before = set(sys.modules)
import realtime
loaded = set(sys.modules) - before
assert loaded == {"realtime"}, loaded
"""

READ_CATALOGUE = """
import sys
from realtime import catalog, contract, engine, timing
catalog.list_styles()
engine.choose_engine(engine.EngineOptions(device="cpu"))
heavy = {"torch", "onnx", "onnxruntime", "openvino", "cv2", "av"} & set(sys.modules)
assert not heavy, heavy
"""

RUN_ON_ONE_RUNTIME = """
import sys
from pathlib import Path
sys.modules["onnxruntime" if sys.argv[2] == "openvino" else "openvino"] = None
import numpy as np
from realtime.engine import EngineOptions, open_engine
engine = open_engine(Path(sys.argv[1]), EngineOptions(device="cpu"))
assert engine.info.name == sys.argv[2], engine.info
assert (engine.infer(np.full((64, 64, 3), 55, np.uint8)) == 200).all()
"""

# Inside functions, when somebody has chosen what needs them.
IMPORTED_WHEN_WANTED = {
    ("engine_aoti.py", "import torch"),  # the runtime of torch's packages
    ("typed_graph.py", "import onnx"),  # TensorRT computes the types that a graph says
    ("typed_graph.py", "from onnx.reference import ReferenceEvaluator"),
}


def run_python(code: str, *arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_every_module_of_the_runtime_imports_without_torch_training_or_export() -> None:
    run_python(IMPORT_ALL)


def test_importing_the_runtime_imports_nothing_else() -> None:
    run_python(IMPORT_TOP)


def test_looking_for_a_style_and_an_engine_loads_neither_runtime_nor_opencv() -> None:
    run_python(READ_CATALOGUE)


def test_either_runtime_is_enough(tiny_style: Path) -> None:
    for name in ("openvino", "onnxruntime"):
        run_python(RUN_ON_ONE_RUNTIME, str(tiny_style), name)


def test_no_module_of_the_runtime_mentions_what_it_may_not_import() -> None:
    for path in (REPOSITORY / "realtime").glob("*.py"):
        for line in path.read_text(encoding="utf-8").splitlines():
            words = line.split()
            if words[:1] in (["import"], ["from"]):
                module = words[1].split(".")[0]
                assert module not in ("torch", "training", "export", "onnx") or (
                    (path.name, line.strip()) in IMPORTED_WHEN_WANTED
                ), (path, line)


def test_each_inference_runtime_has_one_importer() -> None:
    for package in ("onnxruntime", "openvino"):
        importers = [
            path.name
            for path in (REPOSITORY / "realtime").glob("*.py")
            if f"import {package}" in path.read_text(encoding="utf-8")
        ]
        assert importers == [f"engine_{package}.py"]
