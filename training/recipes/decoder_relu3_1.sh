#!/usr/bin/env bash
# How training/models/decoder_relu3_1.pt was trained: some 80 minutes of a shared processor core in all.
set -euo pipefail
photos=${1:?folder of photographs} paintings=${2:?folder of paintings} named=${3:?folder of well-known paintings}
common=(--layer relu3_1 --content "$photos" --styles "$paintings" --styles "$named" --crop-size 128
        --optimizer soap)
# Pixels first: stopped at step 750 of 3600, at the full rate; then on with other crops, down to nothing.
early=("${common[@]}" --batch-size 2 --learning-rate 1e-3 --swapped 0.2)
python -m training decoder "${early[@]}" --steps 3600 -o first.pt
python -m training decoder "${early[@]}" --steps 1500 --seed 1 --init-from first.run/checkpoint.pt -o second.pt
# Then statistics, of features rebuilt as `semantic` rebuilds them, and no dots. Paintings lay in ten folders, by
# where they come from. Begun for 2600 steps; from step 2067 on for 2260, so that the rate fell sooner.
late=("${common[@]}" --batch-size 4 --learning-rate 2e-3 --swapped 0.15 --rebuilt 0.45
      --statistics-weight 10 --grid-weight 60 --init-from second.pt)
python -m training decoder "${late[@]}" --precision bf16 --steps 2260 -o third.pt
# Then pixels, and statistics again.
last=("${common[@]}" --batch-size 4 --learning-rate 6e-4 --swapped 0.15 --pixel-weight 20 --grid-weight 60 --clip 5
      --precision bf16)
python -m training decoder "${last[@]}" --rebuilt 0.3 --statistics-weight 3 --steps 1000 --init-from third.pt -o fourth.pt
python -m training decoder "${last[@]}" --rebuilt 0.45 --statistics-weight 10 --steps 800 --seed 3 \
  --init-from fourth.pt -o relu3_1.pt
python - <<'PYTHON'
from pathlib import Path
from training.checkpoint import load_checkpoint, save_checkpoint

content = load_checkpoint(Path("relu3_1.pt"))
content["weights"] = {name: value.half() for name, value in content["weights"].items()}
save_checkpoint(Path("training/models/decoder_relu3_1.pt"), content)
PYTHON
