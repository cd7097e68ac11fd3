#!/bin/sh
# Udnie (Young American Girl, The Dance), Francis Picabia, 1913. See README.md beside this file.
set -e
python -m training transform \
  --style-image "$PAINTINGS/udnie.jpg" --content "$PHOTOGRAPHS" -o out/udnie.pt \
  --title "Udnie (Young American Girl, The Dance)" --artist "Francis Picabia" --year "1913" \
  --preset fast --steps 4000 --batch-size 2 --crop-size 160 --style-size 384 \
  --style-weight 8 --light-jitter 0.2 --threads 1 "$@"
python -m export out/udnie.pt --to onnx --out realtime/styles
