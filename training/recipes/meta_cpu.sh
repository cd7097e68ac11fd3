#!/bin/sh
# The meta network on a processor: any picture becomes a style. See README.md beside this file.
#
# PAINTINGS holds folders of paintings; each counts as much as the others, so that a thousand landscapes do
# not outweigh a hundred prints. HELD_OUT_PHOTOGRAPHS and HELD_OUT_PAINTINGS are for the sheets only.
#
# In parts: first the small feature network and small crops, from a trained network (starry_night.sh); then
# larger crops and VGG-19 with Gram matrices, which the judge counts by; at last the encoder of its own, which
# takes the feature network's place.
set -e
train() {
  for folder in "$PAINTINGS"/*/; do set -- --styles "$folder" "$@"; done
  python -m training meta --content "$PHOTOGRAPHS" \
    --samples "$HELD_OUT_PHOTOGRAPHS" --sample-styles "$HELD_OUT_PAINTINGS" \
    --preset turbo --generate more --style-numbers 256 --steps-per-style 1 --threads 1 "$@"
}
train -o out/meta_1.pt --network out/starry_night.pt --features small --steps 20000 --batch-size 4 \
  --styles-per-step 4 --crop-size 128
train -o out/meta_2.pt --init-from out/meta_1.pt --features small --steps 15000 --batch-size 2 \
  --crop-size 256 --zoom 1.5 --light-jitter 0.2 --learning-rate 5e-4
train -o out/meta_3.pt --init-from out/meta_2.pt --features vgg19 --loss bn:0.5+gram:0.5 --steps 8000 \
  --batch-size 2 --crop-size 192 --zoom 1.5 --light-jitter 0.2 --learning-rate 3e-4
train -o out/meta.pt --init-from out/meta_3.pt --features vgg19 --loss bn:0.5+gram:0.5 --encoder small \
  --teach-steps 5000 --steps 9000 --batch-size 2 --crop-size 192 --zoom 1.5 --light-jitter 0.2 \
  --learning-rate 3e-4
