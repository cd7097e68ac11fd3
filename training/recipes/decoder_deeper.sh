#!/usr/bin/env bash
# How training/models/decoder_relu4_1.pt and decoder_relu3_1_relu4_1.pt were trained, from that of relu3_1.
set -euo pipefail
photos=${1:?folder of photographs} paintings=${2:?folder of paintings} named=${3:?folder of well-known paintings}
common=(--content "$photos" --styles "$paintings" --styles "$named" --crop-size 128 --batch-size 4
        --optimizer soap --learning-rate 7e-4 --precision bf16 --swapped 0.15 --rebuilt 0.3
        --statistics-weight 3 --grid-weight 60 --pixel-weight 20
        --init-from "$(dirname "$0")/../models/decoder_relu3_1.pt")
mkdir -p out
python -m training decoder --layer small:relu4_1 "${common[@]}" --steps "${STEPS:-1800}" -o out/relu4_1.pt
python -m training decoder --layer relu3_1,small:relu4_1 "${common[@]}" --steps "${STEPS:-1600}" \
  -o out/relu3_1_relu4_1.pt
python - <<'PYTHON'
from pathlib import Path
from training.checkpoint import load_checkpoint, pack_weights, save_checkpoint

for name in ("relu4_1", "relu3_1_relu4_1"):
    content = load_checkpoint(Path(f"out/{name}.pt"))
    content["weights"] = pack_weights(content["weights"])
    save_checkpoint(Path(f"training/models/decoder_{name}.pt"), content)
PYTHON
