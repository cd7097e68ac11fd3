#!/bin/sh
# Udnie (Young American Girl, The Dance), Francis Picabia, 1913, from Composition VII's network. See README.md
# beside this file.
#
# The rate is that of a new painting, higher than what `recurrent.sh` goes on with. --steps 1050 was begun, and
# made 850 after 550.
set -e
python -m export composition_vii --to checkpoint -o out/composition_vii_shipped.pt
sh "$(dirname "$0")/recurrent.sh" udnie "Udnie (Young American Girl, The Dance)" "Francis Picabia" "1913" \
  --init-from out/composition_vii_shipped.pt --steps 850 --learning-rate 3e-3 "$@"
