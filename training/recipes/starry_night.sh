#!/bin/sh
# The Starry Night, Vincent van Gogh, 1889. See README.md beside this file.
set -e
python -m training transform \
  --style-image "$PAINTINGS/starry_night.jpg" --content "$PHOTOGRAPHS" -o out/starry_night_fast.pt \
  --title "The Starry Night" --artist "Vincent van Gogh" --year "1889" \
  --preset fast --optimizer adam --steps 4400 --batch-size 2 --crop-size 160 --style-size 384 \
  --style-weight 8 --light-jitter 0.2 --threads 1 "$@"
sh "$(dirname "$0")/turbo.sh" starry_night "The Starry Night" "Vincent van Gogh" "1889" \
  out/starry_night_fast.pt
