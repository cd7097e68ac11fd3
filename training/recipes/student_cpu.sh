#!/bin/sh
# The student of `run_camera.py --semantic`. Wants PHOTOGRAPHS, and in PAINTINGS folders of them; for the sheets
# HELD_OUT_PHOTOGRAPHS and HELD_OUT_PAINTINGS. See README.md beside this file.
set -e
for folder in "$PAINTINGS"/*/; do set -- --styles "$folder" "$@"; done
python -m training student --content "$PHOTOGRAPHS" --samples "$HELD_OUT_PHOTOGRAPHS" \
  --sample-styles "$HELD_OUT_PAINTINGS" --zoom 1.3 --light-jitter 0.1 --steps "${STEPS:-8000}" --threads 1 \
  -o out/student.pt "$@"
python -m export out/student.pt --to onnx --out "${MODELS:-realtime/models}"
