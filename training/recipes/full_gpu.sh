#!/bin/sh
# The `full` preset on a GPU: NAME TITLE ARTIST YEAR, for example
#   full_gpu.sh starry_night "The Starry Night" "Vincent van Gogh" 1889
# See README.md beside this file.
set -e
python -m training transform \
  --style-image "$PAINTINGS/$1.jpg" --content "$PHOTOGRAPHS" -o "out/$1_full.pt" \
  --name "$1_full" --title "$2" --artist "$3" --year "$4" \
  --preset full --steps 8000 --batch-size 16 --crop-size 256 --style-size 384 \
  --style-weight 8 --light-jitter 0.2 --device cuda --workers 12 --learning-rate 1e-3
python -m export "out/$1_full.pt" --to onnx --out out
