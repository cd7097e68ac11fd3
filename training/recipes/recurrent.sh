#!/bin/sh
# A `turbo` style that ships, taught to see its last painting: NAME TITLE ARTIST YEAR [OPTIONS], as
#   recurrent.sh the_scream "The Scream" "Edvard Munch" 1893
# See README.md beside this file.
set -e
name=$1 title=$2 artist=$3 year=$4
shift 4
sh "$(dirname "$0")/further.sh" "$name" "$title" "$artist" "$year" \
  --preset recurrent --steps 500 --temporal-weight 150 "$@"
