"""Livebrush's runtime: turns a camera or a video into a moving painting, live.

Data flows top to bottom through these modules: `sources` -> `frame` -> `preprocess` -> `engine`
-> `composite` -> `sinks`, driven by `pipeline` and measured by `timing`. A style is one ONNX file
that carries a `contract`; `catalog` finds it by name. Nothing here imports torch, `training` or
`export`, and importing this package imports nothing at all: the first picture is due within 2 s.
"""

__version__ = "0.1.0"
