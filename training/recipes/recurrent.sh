#!/bin/sh
# A `turbo` style that ships, taught to see its last painting: NAME TITLE ARTIST YEAR [OPTIONS], as
#   recurrent.sh the_scream "The Scream" "Edvard Munch" 1893
# See README.md beside this file.
set -e
name=$1 title=$2 artist=$3 year=$4
shift 4
python -m export "$name" --to checkpoint -o "out/${name}_shipped.pt"
python -m training transform -o "out/$name.pt" --init-from "out/${name}_shipped.pt" \
  --style-image "$PAINTINGS/$name.jpg" --content "$PHOTOGRAPHS" \
  --name "$name" --title "$title" --artist "$artist" --year "$year" \
  --preset recurrent --steps 500 --batch-size 1 --crop-size 384 --zoom 1.7 --light-jitter 0.2 \
  --learning-rate 2e-3 --style-size 384 --style-weight 8 --temporal-weight 150 --grid-weight 200 --threads 1 "$@"
python -m export "out/$name.pt" --to onnx --picture "$PAINTINGS/$name.jpg" --out realtime/styles
python -m realtime.shipped_hashes
