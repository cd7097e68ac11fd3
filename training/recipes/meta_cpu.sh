#!/bin/sh
# The meta network on a processor: any picture becomes a style. See README.md beside this file.
#
# PAINTINGS holds folders of paintings; each counts as much as the others, so that a thousand landscapes do
# not outweigh a hundred prints. HELD_OUT_PHOTOGRAPHS and HELD_OUT_PAINTINGS are for the sheets only.
#
# Part 1 learns palettes, from a trained network and on the small feature network, which costs a tenth; the
# encoder, which takes the feature network's place, is taught beside it. Part 2 learns strokes, by the features
# and the size of style picture that the judge counts by; then more of the same.
set -e
mkdir -p out
train() {
  for folder in "$PAINTINGS"/*/; do set -- --styles "$folder" "$@"; done
  python -m training meta --content "$PHOTOGRAPHS" \
    --samples "$HELD_OUT_PHOTOGRAPHS" --sample-styles "$HELD_OUT_PAINTINGS" \
    --preset turbo --generate more --style-numbers 256 --textures 0.12 --threads 1 "$@"
}
python -m export starry_night --to checkpoint -o out/starry_night.pt
train -o out/meta_1.pt --network out/starry_night.pt --features small --steps 2000 --batch-size 4 \
  --styles-per-step 4 --steps-per-style 1 --crop-size 128 &
first=$!
train -o out/encoder.pt --features small --encoder small --teach-steps 1500 --steps 1500 --batch-size 16 \
  --styles-per-step 16 --steps-per-style 1 --crop-size 128 --learning-rate 2e-3
wait "$first"  # and end here if it failed
# A style is the same numbers in both parts, however deep the weights of VGG-19 are.
layers=small:relu1_1,small:relu2_1,small:relu3_1,small:relu4_1,small:relu5_1
strokes() {
  train --encoder small --teach-weight 0.5 --features vgg19 --loss gram --target-size 384 --grid-weight 60 \
    --encoder-layers "$layers" --optimizer soap --batch-size 2 --styles-per-step 2 --steps-per-style 2 \
    --crop-size 256 --zoom 1.7 --light-jitter 0.2 "$@"
}
strokes -o out/meta_2.pt --init-from out/meta_1.pt --encoder-from out/encoder.pt --learning-rate 6e-4 --steps 2500
strokes -o out/meta.pt --init-from out/meta_2.pt --learning-rate 5e-4 --steps 2600
