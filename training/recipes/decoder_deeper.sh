#!/usr/bin/env bash
# How the other decoders of training/models were trained, from that of relu3_1: relu3_1 and relu4_1 joined; and
# relu4_1, by a bridge to that of relu3_1, and then all of the way; relu5_1, by a bridge to that. Those that ship
# began as it was before its last steps: the joined one before pixels, the bridge 800 steps before its end.
set -euo pipefail
photos=${1:?folder of photographs} paintings=${2:?folder of paintings} named=${3:?folder of well-known paintings}
common=(--content "$photos" --styles "$paintings" --styles "$named" --crop-size 128 --optimizer soap
        --statistics-weight 3 --grid-weight 60 --precision bf16 --clip 5)
mixture=(--batch-size 4 --swapped 0.15 --rebuilt 0.3 --pixel-weight 20)
bridge=(--batch-size 8 --learning-rate 1e-3 --bridge)
relu3_1=$(dirname "$0")/../models/decoder_relu3_1.pt
mkdir -p out
train() { python -m training decoder "${common[@]}" "$@"; }

train --layer relu3_1,small:relu4_1 "${mixture[@]}" --learning-rate 7e-4 --steps "${STEPS:-1600}" \
  --init-from "$relu3_1" -o out/relu3_1_relu4_1.pt
train --layer small:relu4_1 "${bridge[@]}" --steps "${STEPS:-2200}" --init-from "$relu3_1" -o out/bridge4.pt
train --layer small:relu4_1 "${mixture[@]}" --learning-rate 5e-4 --steps "${STEPS:-700}" \
  --init-from out/bridge4.pt -o out/relu4_1.pt
train --layer small:relu5_1 --preset narrow "${bridge[@]}" --steps "${STEPS:-3000}" \
  --init-from out/relu4_1.pt -o out/relu5_1.pt
python - <<'PYTHON'
from pathlib import Path
from training.checkpoint import load_checkpoint, pack_weights, save_checkpoint

for name in ("relu3_1_relu4_1", "relu4_1", "relu5_1"):
    content = load_checkpoint(Path(f"out/{name}.pt"))
    content["weights"] = pack_weights(content["weights"])
    save_checkpoint(Path(f"training/models/decoder_{name}.pt"), content)
PYTHON
