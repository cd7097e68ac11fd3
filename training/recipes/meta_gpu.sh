#!/bin/sh
# The meta network of Shen et al. 2018 on a GPU, by the paper's schedule. See README.md beside this file.
#
# 20 steps of 8 photographs at 256 pixels for each style, kernels alone written, all 1,920 statistics of
# VGG-16, Adam at 1e-3. It has not been run yet.
set -e
for folder in "$PAINTINGS"/*/; do set -- --styles "$folder" "$@"; done
python -m training meta --content "$PHOTOGRAPHS" -o out/meta_paper.pt \
  --preset "${PRESET:-fast}" --generate paper --style-numbers 0 --features vgg16 --loss bn \
  --steps 200000 --batch-size 8 --crop-size 256 --style-size 256 --steps-per-style 20 \
  --learning-rate 1e-3 --clip 0 --device cuda --workers 12 "$@"
