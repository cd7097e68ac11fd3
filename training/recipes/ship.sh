#!/bin/sh
# Puts a trained style, out/NAME.pt, in the place of the one that ships: NAME. The other scripts end with it.
set -e
name=$1
rm -f "out/styles/$name".*onnx
python -m export "out/$name.pt" --to onnx --picture "$PAINTINGS/$name.jpg" --out out/styles
# Only then: what is in the place of a network that ships is refused until its hash is the listed one.
# The steady half of the network before would steady another; a plain one has none.
rm -f "realtime/styles/$name.steady.onnx"
cp "out/styles/$name".*onnx realtime/styles/
python -m realtime.shipped_hashes
