#!/bin/sh
# A `turbo` style that ships, trained on from what ships: NAME TITLE ARTIST YEAR [OPTIONS], as
#   further.sh contrast_of_forms "Contrast of Forms" "Fernand Léger" 1913
# FROM names another style to begin as, for `from_another.sh`. See README.md beside this file.
set -e
name=$1 title=$2 artist=$3 year=$4
shift 4
from=${FROM:-$name}
mkdir -p out
python -m export "$from" --to checkpoint -o "out/${from}_shipped.pt"
python -m training transform -o "out/$name.pt" --init-from "out/${from}_shipped.pt" \
  --style-image "$PAINTINGS/$name.jpg" --content "$PHOTOGRAPHS" \
  --name "$name" --title "$title" --artist "$artist" --year "$year" \
  --preset turbo --steps 1000 --batch-size 1 --crop-size 384 --zoom 1.7 --light-jitter 0.2 \
  --learning-rate 2e-3 --style-size 384 --style-weight 8 --temporal-weight 40 --grid-weight 200 --threads 1 "$@"
sh "$(dirname "$0")/ship.sh" "$name"
