#!/bin/sh
# The network that finds people, taught by a larger one. Wants PEOPLE, PHOTOGRAPHS and WEIGHTS; see README.md
# beside this file.
#
# In two runs of this script: the first ends with photographs that the teacher labelled, in out/taught. Look through
# out/taught/machine/masks, whose people are cut out and laid before other places, and delete what is wrong; then
# run it once more.
set -e
if [ ! -d out/taught ]; then
  python -m training person --preset teacher --people "$PEOPLE" --content "$PHOTOGRAPHS" --weights "$WEIGHTS" \
    --area 36864 --batch-size 8 --steps "${STEPS:-2600}" --seed 1 -o out/person_teacher.pt "$@"
  python -m training evaluate-person out/person_teacher.pt --people "$PEOPLE/test" --sheet out/person_teacher.png
  python -m training label-people out/person_teacher.pt --pictures "$PHOTOGRAPHS" --people "$PEOPLE" --keep-unsure \
    -o out/taught
  exit
fi
python -m export person --to checkpoint -o out/person_before.pt
python -m training person --people "$PEOPLE" --content "$PHOTOGRAPHS" --also out/taught \
  --init-from out/person_before.pt --learning-rate 1.5e-3 --steps "${STEPS:-6000}" -o out/person.pt "$@"
python -m export out/person.pt --to onnx --out realtime/models/person.onnx
python -m realtime.shipped_hashes
python -m training evaluate-person realtime/models/person.onnx --people "$PEOPLE/test" --sheet out/person.png
