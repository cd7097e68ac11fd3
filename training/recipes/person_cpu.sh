#!/bin/sh
# The network that finds people. Wants PEOPLE, PHOTOGRAPHS and WEIGHTS; see README.md beside this file.
#
# In two runs of this script: the first ends with photographs that its network labelled, in out/labelled. Look
# through them, move what shows nobody to out/labelled/empty and delete what is wrong; then run it once more.
set -e
if [ ! -d out/labelled ]; then
  python -m training person --people "$PEOPLE" --content "$PHOTOGRAPHS" --weights "$WEIGHTS" \
    --steps "${STEPS:-6500}" --threads 1 -o out/person_1.pt "$@"
  python -m export out/person_1.pt --to onnx --out out/person_1.onnx
  python -m training label-people out/person_1.onnx --pictures "$PHOTOGRAPHS" --people "$PEOPLE" -o out/labelled
  exit
fi
python -m training person --people "$PEOPLE" --content "$PHOTOGRAPHS" --also out/labelled \
  --init-from out/person_1.pt --learning-rate 1.5e-3 --steps "${STEPS:-5000}" --threads 1 -o out/person.pt "$@"
python -m export out/person.pt --to onnx --out realtime/models/person.onnx
python -m realtime.shipped_hashes
python -m training evaluate-person realtime/models/person.onnx --people "$PEOPLE/test" --sheet out/person.png
