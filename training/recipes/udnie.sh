#!/bin/sh
# Udnie (Young American Girl, The Dance), Francis Picabia, 1913, from Composition VII's network. See README.md
# beside this file.
#
# The rate is that of a new painting, higher than what `recurrent.sh` goes on with. --steps 1050 was begun, and
# made 850 after 550.
set -e
python -m export composition_vii --to checkpoint -o out/composition_vii_shipped.pt
python -m training transform -o out/udnie.pt --init-from out/composition_vii_shipped.pt \
  --style-image "$PAINTINGS/udnie.jpg" --content "$PHOTOGRAPHS" \
  --name udnie --title "Udnie (Young American Girl, The Dance)" --artist "Francis Picabia" --year "1913" \
  --preset recurrent --steps 850 --batch-size 1 --crop-size 384 --zoom 1.7 --light-jitter 0.2 \
  --learning-rate 3e-3 --style-size 384 --style-weight 8 --temporal-weight 150 --grid-weight 200 --threads 1 "$@"
python -m export out/udnie.pt --to onnx --picture "$PAINTINGS/udnie.jpg" --out out/styles
cp out/styles/udnie.*onnx realtime/styles/
python -m realtime.shipped_hashes
