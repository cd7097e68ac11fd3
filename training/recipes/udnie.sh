#!/bin/sh
# Udnie (Young American Girl, The Dance), Francis Picabia, 1913. See README.md beside this file.
#
# In two parts. The first ran with --steps 4000 and was stopped at step 1628 (3,256 pictures), where its
# sheets showed that a style weight of 8 leaves nothing of a face but a mask.
set -e
train() {
  python -m training transform \
    --style-image "$PAINTINGS/udnie.jpg" --content "$PHOTOGRAPHS" \
    --title "Udnie (Young American Girl, The Dance)" --artist "Francis Picabia" --year "1913" \
    --preset fast --batch-size 2 --crop-size 160 --light-jitter 0.2 --threads 1 "$@"
}
train -o out/udnie_first.pt --steps 1628 --style-size 384 --style-weight 8 "$@"
train -o out/udnie.pt --init-from out/udnie_first.pt --steps 3000 --style-size 256 --style-weight 3 "$@"
python -m export out/udnie.pt --to onnx --out realtime/styles
