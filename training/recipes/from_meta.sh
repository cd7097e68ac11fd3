#!/bin/sh
# A style polished from what the meta network writes for its picture: NAME TITLE ARTIST YEAR [OPTIONS], as
#   from_meta.sh the_scream "The Scream" "Edvard Munch" 1893
# META is the meta network's checkpoint. See README.md beside this file.
set -e
name=$1 title=$2 artist=$3 year=$4
shift 4
python -m training transform -o "out/$name.pt" --init-from "${META:-out/meta.pt}" \
  --style-image "$PAINTINGS/$name.jpg" --content "$PHOTOGRAPHS" \
  --name "$name" --title "$title" --artist "$artist" --year "$year" \
  --preset turbo --steps 400 --batch-size 1 --crop-size 384 --zoom 1.7 --light-jitter 0.2 \
  --learning-rate 2e-3 --style-size 384 --style-weight 8 --temporal-weight 40 --grid-weight 200 --threads 1 "$@"
