#!/bin/sh
# The network that finds people. Wants PEOPLE, PHOTOGRAPHS and WEIGHTS; see README.md beside this file.
set -e
python -m training person --people "$PEOPLE" --content "$PHOTOGRAPHS" --weights "$WEIGHTS" \
  --steps "${STEPS:-2200}" --threads 1 -o out/person.pt "$@"
python -m export out/person.pt --to onnx --out realtime/models/person.onnx
python -m training evaluate-person realtime/models/person.onnx --people "$PEOPLE/test" --sheet out/person.png
