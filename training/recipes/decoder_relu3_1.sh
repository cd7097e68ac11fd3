#!/usr/bin/env bash
# How training/models/decoder_relu3_1.pt was trained: 13 minutes of one shared processor core. It is not at its end.
set -euo pipefail
photos=${1:?folder of photographs} paintings=${2:?folder of paintings} named=${3:?folder of well-known paintings}
common=(--layer relu3_1 --content "$photos" --styles "$paintings" --styles "$named" --batch-size 2
        --crop-size 128 --optimizer soap --learning-rate 1e-3 --swapped 0.2)
# Stopped at step 750 of 3600, at the full rate; then on with other crops, down to nothing.
python -m training decoder "${common[@]}" --steps 3600 -o first.pt
python -m training decoder "${common[@]}" --steps 1500 --seed 1 --init-from first.run/checkpoint.pt -o relu3_1.pt
python - <<'PYTHON'
from pathlib import Path
from training.checkpoint import load_checkpoint, save_checkpoint

content = load_checkpoint(Path("relu3_1.pt"))
content["weights"] = {name: value.half() for name, value in content["weights"].items()}
save_checkpoint(Path("training/models/decoder_relu3_1.pt"), content)
PYTHON
