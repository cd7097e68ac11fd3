#!/bin/sh
# A trained network made steadier: NAME TITLE ARTIST YEAR CHECKPOINT.pt [OPTIONS], as
#   steady.sh starry_night "The Starry Night" "Vincent van Gogh" 1889 out/starry_night.pt
# A shipped style is its own checkpoint: python -m export starry_night --to checkpoint -o starry_night.pt
# See README.md beside this file.
set -e
name=$1 title=$2 artist=$3 year=$4 trained=$5
shift 5
python -m training transform \
  --style-image "$PAINTINGS/$name.jpg" --content "$PHOTOGRAPHS" -o "out/${name}_steady.pt" \
  --name "$name" --title "$title" --artist "$artist" --year "$year" \
  --preset turbo --batch-size 1 --crop-size 256 --zoom 1.7 --light-jitter 0.2 --threads 1 \
  --steps 150 --learning-rate 1e-3 --style-weight 8 --temporal-weight 50 --init-from "$trained" "$@"
