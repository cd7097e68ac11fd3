#!/bin/sh
# The Great Wave off Kanagawa, Katsushika Hokusai, c. 1831. See README.md beside this file.
#
# In parts, each on larger crops of photographs enlarged further: what lacked was content at 512 pixels. Small
# crops did little for it (total at 512 on six photographs: 1.05 after the first three parts), large ones more
# (1.01), and SOAP as much again in half of the steps.
set -e
train() {
  python -m training transform \
    --style-image "$PAINTINGS/the_great_wave.jpg" --content "$PHOTOGRAPHS" \
    --title "The Great Wave off Kanagawa" --artist "Katsushika Hokusai" --year "c. 1831" \
    --preset fast --style-size 384 --style-weight 8 --light-jitter 0.2 --threads 1 "$@"
}
large() { train --batch-size 1 "$@"; }
train -o out/the_great_wave_1.pt --optimizer adam --steps 4400 --batch-size 2 --crop-size 160 "$@"
large -o out/the_great_wave_2.pt --init-from out/the_great_wave_1.pt --optimizer adam --learning-rate 1e-3 \
  --steps 1500 --crop-size 256 --zoom 1.6 "$@"
large -o out/the_great_wave_3.pt --init-from out/the_great_wave_2.pt --optimizer adam --learning-rate 2e-3 \
  --steps 3500 --crop-size 256 --zoom 2 "$@"
large -o out/the_great_wave_4.pt --init-from out/the_great_wave_3.pt --optimizer adam --learning-rate 1e-3 \
  --steps 2000 --crop-size 448 --zoom 1.6 "$@"
large -o out/the_great_wave_fast.pt --init-from out/the_great_wave_4.pt --optimizer soap --learning-rate 2e-3 \
  --steps 900 --crop-size 384 --zoom 1.7 "$@"
sh "$(dirname "$0")/turbo.sh" the_great_wave "The Great Wave off Kanagawa" "Katsushika Hokusai" "c. 1831" \
  out/the_great_wave_fast.pt --steps 500
