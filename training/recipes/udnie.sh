#!/bin/sh
# Udnie (Young American Girl, The Dance), Francis Picabia, 1913, from Composition VII's network. See README.md
# beside this file. --steps 1050 was begun, and made 850 after 550.
set -e
sh "$(dirname "$0")/from_another.sh" composition_vii udnie \
  "Udnie (Young American Girl, The Dance)" "Francis Picabia" "1913" --steps 850 "$@"
