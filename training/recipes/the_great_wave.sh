#!/bin/sh
# The Great Wave off Kanagawa, Katsushika Hokusai, c. 1831. See README.md beside this file.
set -e
python -m training transform \
  --style-image "$PAINTINGS/the_great_wave.jpg" --content "$PHOTOGRAPHS" -o out/the_great_wave.pt \
  --title "The Great Wave off Kanagawa" --artist "Katsushika Hokusai" --year "c. 1831" \
  --preset fast --steps 4400 --batch-size 2 --crop-size 160 --style-size 384 \
  --style-weight 8 --light-jitter 0.2 --threads 1 "$@"
python -m export out/the_great_wave.pt --to onnx --out realtime/styles
