#!/bin/sh
# A style that begins as the network of another painting: FROM NAME TITLE ARTIST YEAR [OPTIONS], as
#   from_another.sh udnie plum_park "Plum Park in Kameido" "Utagawa Hiroshige" 1857
# See README.md beside this file.
#
# The rate is that of a new painting, higher than what `recurrent.sh` goes on with.
set -e
export FROM="$1"
name=$2 title=$3 artist=$4 year=$5
shift 5
sh "$(dirname "$0")/recurrent.sh" "$name" "$title" "$artist" "$year" --steps 1000 --learning-rate 3e-3 "$@"
