#!/bin/sh
# The `turbo` network of a style whose `fast` one is trained: NAME TITLE ARTIST YEAR TEACHER.pt [OPTIONS], as
#   turbo.sh starry_night "The Starry Night" "Vincent van Gogh" 1889 out/starry_night_fast.pt
# See README.md beside this file.
set -e
name=$1 title=$2 artist=$3 year=$4 teacher=$5
shift 5
train() {
  python -m training transform \
    --style-image "$PAINTINGS/$name.jpg" --content "$PHOTOGRAPHS" \
    --name "$name" --title "$title" --artist "$artist" --year "$year" \
    --preset turbo --batch-size 1 --zoom 1.7 --light-jitter 0.2 --threads 1 "$@"
}
train -o "out/${name}_student.pt" --teacher "$teacher" --steps 3000 --crop-size 256
train -o "out/$name.pt" --init-from "out/${name}_student.pt" --steps 400 --crop-size 384 \
  --learning-rate 2e-3 --style-size 384 --style-weight 8 "$@"
sh "$(dirname "$0")/ship.sh" "$name"
