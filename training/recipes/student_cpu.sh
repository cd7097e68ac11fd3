#!/bin/sh
# The student of `run_camera.py --semantic`, taught by the meta network that ships. Wants PHOTOGRAPHS, and in
# PAINTINGS folders of them; for the sheets HELD_OUT_PHOTOGRAPHS and HELD_OUT_PAINTINGS. See README.md beside
# this file.
set -e
mkdir -p out
for folder in "$PAINTINGS"/*/; do set -- --styles "$folder" "$@"; done
python -m export realtime/models/meta.npz --to checkpoint -o out/teacher.pt
python -m training student --teacher out/teacher.pt --content "$PHOTOGRAPHS" --samples "$HELD_OUT_PHOTOGRAPHS" \
  --sample-styles "$HELD_OUT_PAINTINGS" --style-size 256 --crop-size 160 --zoom 1.3 --light-jitter 0.1 \
  --optimizer soap --learning-rate 2e-3 --steps "${STEPS:-3000}" --threads 1 -o out/student.pt "$@"
python -m export out/student.pt --to onnx --out out/models
# Only then: what is in the place of a network that ships is refused until its hash is the listed one.
cp out/models/student.onnx "${MODELS:-realtime/models}/"
[ -n "$MODELS" ] || python -m realtime.shipped_hashes
