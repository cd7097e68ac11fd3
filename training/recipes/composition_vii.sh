#!/bin/sh
# Composition VII, Wassily Kandinsky, 1913. See README.md beside this file.
set -e
python -m training transform \
  --style-image "$PAINTINGS/composition_vii.jpg" --content "$PHOTOGRAPHS" -o out/composition_vii.pt \
  --title "Composition VII" --artist "Wassily Kandinsky" --year "1913" \
  --preset fast --steps 4000 --batch-size 2 --crop-size 160 --style-size 384 \
  --style-weight 8 --light-jitter 0.2 --threads 1 "$@"
python -m export out/composition_vii.pt --to onnx --out realtime/styles
