#!/bin/sh
# Udnie (Young American Girl, The Dance), Francis Picabia, 1913. See README.md beside this file.
#
# In three parts, for the style weight was found on the way: at 8 a face was a mask with holes for eyes, at 3
# the painter's planes were there but little of his colours. The first two ran with --steps 4000 and
# --steps 3000, and were stopped where this script lets them end.
set -e
train() {
  python -m training transform \
    --style-image "$PAINTINGS/udnie.jpg" --content "$PHOTOGRAPHS" \
    --title "Udnie (Young American Girl, The Dance)" --artist "Francis Picabia" --year "1913" \
    --preset fast --batch-size 2 --crop-size 160 --light-jitter 0.2 --threads 1 "$@"
}
train -o out/udnie_1.pt --steps 1628 --style-size 384 --style-weight 8 "$@"
train -o out/udnie_2.pt --init-from out/udnie_1.pt --steps 1279 --style-size 256 --style-weight 3 "$@"
train -o out/udnie.pt --init-from out/udnie_2.pt --steps 1500 --style-size 256 --style-weight 5 "$@"
python -m export out/udnie.pt --to onnx --out realtime/styles
