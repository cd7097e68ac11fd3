#!/bin/sh
# A style that begins as the network of another painting: FROM NAME TITLE ARTIST YEAR [OPTIONS], as
#   from_another.sh udnie plum_park "Plum Park in Kameido" "Utagawa Hiroshige" 1857
# See README.md beside this file.
#
# The rate is that of a new painting, higher than what `recurrent.sh` goes on with.
set -e
from=$1
shift
python -m export "$from" --to checkpoint -o "out/${from}_shipped.pt"
name=$1 title=$2 artist=$3 year=$4
shift 4
sh "$(dirname "$0")/recurrent.sh" "$name" "$title" "$artist" "$year" \
  --init-from "out/${from}_shipped.pt" --steps 1000 --learning-rate 3e-3 "$@"
