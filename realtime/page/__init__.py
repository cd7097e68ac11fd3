"""The page: `python -m realtime serve`. What a browser shows of the paintings, and what it may change.

    source ── painter ── PageOutput ── Broadcast ──┬── viewer's WebSocket
                 │             │                   ├── viewer's WebSocket
              Scene        Recorder                └── /stream.mjpg
    one Show of the server's own source for all viewers, and one for each visitor who brings a camera

Needs `pip install "livebrush[web]"`; only `app`, `sockets`, `server` and `rtc` import what that installs.
"""
