"""The page's addresses. `make_app` puts the guard around them.

| address                               | what                                              |
| ------------------------------------- | ------------------------------------------------- |
| GET /, /static/NAME                   | the page                                          |
| WebSocket /ws, /ws?camera=1           | pictures and settings; with a visitor's camera    |
| GET /api/state, PATCH /api/state      | what is set, and setting it                       |
| GET /api/figures                      | frames a second, latency and the like             |
| GET /api/styles, POST /api/styles     | the gallery, and a picture that becomes a style   |
| GET /api/styles/NAME/thumbnail.jpg    | how it paints                                     |
| GET /api/snapshot.png                 | the last painting                                 |
| GET /api/recordings/NAME              | a film                                            |
| GET /stream.mjpg                      | with --mjpeg: a plain stream                      |
"""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import cv2
from fastapi import FastAPI, HTTPException, Query, Request, Response, WebSocket
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse, StreamingResponse

from realtime import __version__
from realtime.errors import LivebrushError, StyleNotFoundError
from realtime.page.access import WATCHES, App, Guard
from realtime.page.changes import Change, Figures, GalleryInfo, State, StyleInfo
from realtime.page.describe import describe, list_gallery, measure
from realtime.page.files import INDEX, PageFile, read_files
from realtime.page.gallery import MOST_UPLOAD_BYTES
from realtime.page.house import MAIN, FullError, House
from realtime.page.limits import TooLargeError, read_limited
from realtime.page.mjpeg import MEDIA_TYPE, stream
from realtime.page.show import Show
from realtime.page.sockets import attend

OPENAPI = "/api/openapi.json"  # its own pages would load scripts from elsewhere
UPLOAD_S = 60.0  # for a picture to come in
MOST_DIGITS = 18  # of a length; Python itself reads thousands, and then raises
Session = Annotated[str, Query(max_length=40)]


_BYTES: dict[str, Any] = {"type": "string", "format": "binary"}
_DETAIL = {"type": "object", "properties": {"detail": {"type": "string"}}, "required": ["detail"]}
_SAYS: dict[int, dict[int | str, dict[str, Any]]] = {
    status: {status: {"description": text, "content": {"application/json": {"schema": _DETAIL}}}}
    for status, text in {
        400: "it cannot be done",
        404: "there is no such thing",
        408: "it came too slowly",
        413: "it is too large",
        429: "too many in a minute",
        503: "not now",
    }.items()
}
_JPEG: dict[int | str, dict[str, Any]] = {200: {"content": {"image/jpeg": {}}}}
_PNG: dict[int | str, dict[str, Any]] = {200: {"content": {"image/png": {}}}}
_MP4: dict[int | str, dict[str, Any]] = {200: {"content": {"video/mp4": {}}}}


class Problem(HTTPException):
    """An answer that says in one line what was wrong."""


def make_app(house: House, token: str | None = None, watch_token: str | None = None) -> App:
    """Return the ASGI application of a page.

    Args:
        house: what it shows; opened and closed by the caller.
        token: that visitors must show; None for none.
        watch_token: that visitors show who may only watch; None for none.
    """
    app = FastAPI(title="Livebrush", version=__version__, docs_url=None, redoc_url=None, openapi_url=OPENAPI)
    _add_page(app)
    _add_state(app, house)
    _add_styles(app, house)
    _add_pictures(app, house)

    @app.exception_handler(LivebrushError)
    async def say(request: Request, error: LivebrushError) -> JSONResponse:
        missing, full = isinstance(error, StyleNotFoundError), isinstance(error, FullError)
        return JSONResponse({"detail": str(error)}, 404 if missing else 503 if full else 400)

    @app.exception_handler(RequestValidationError)
    async def say_which(request: Request, error: RequestValidationError) -> JSONResponse:
        # Not what was sent: JSON has no infinity, which a sender may send all the same.
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"][1:])
        return JSONResponse({"detail": f"{place or first['loc'][0]}: {first['msg']}"}, 422)

    @app.websocket("/ws")
    async def watch(socket: WebSocket, camera: bool = False) -> None:
        await attend(socket, house, own_camera=camera, watches=bool(socket.scope.get(WATCHES)))

    config = house.config
    return Guard(app, host=config.host, token=token, watch_token=watch_token, secure=config.secure)


def _add_page(app: FastAPI) -> None:
    files = read_files()

    def answer(request: Request, file: PageFile | None) -> Response:
        if file is None:
            raise Problem(404, "there is no such file")
        headers = {"etag": file.etag, "cache-control": "no-cache"}
        if request.headers.get("if-none-match") == file.etag:
            return Response(status_code=304, headers=headers)
        return Response(file.data, media_type=file.media_type, headers=headers)

    @app.get("/", include_in_schema=False)
    async def index(request: Request) -> Response:
        return answer(request, files[INDEX])

    @app.get("/static/{name}", include_in_schema=False)
    async def static(request: Request, name: str) -> Response:
        return answer(request, files.get(name))


def _add_state(app: FastAPI, house: House) -> None:
    @app.get("/api/state", responses=_SAYS[404])
    def get_state(session: Session = MAIN) -> State:
        return describe(_show(house, session), house.gallery)

    @app.patch("/api/state", responses=_SAYS[400] | _SAYS[404])
    def patch_state(change: Change, session: Session = MAIN) -> State:
        show = _show(house, session)
        show.change(change)
        return describe(show, house.gallery)

    @app.get("/api/figures", responses=_SAYS[404])
    def get_figures(session: Session = MAIN) -> Figures:
        return measure(_show(house, session))


def _add_styles(app: FastAPI, house: House) -> None:
    coming = asyncio.Semaphore(2)  # pictures in memory at once

    @app.get("/api/styles")
    def get_styles() -> GalleryInfo:
        return list_gallery(house.gallery)

    @app.get(
        "/api/styles/{name}/thumbnail.jpg",
        response_class=Response,
        responses=_JPEG | _SAYS[400] | _SAYS[404],
    )
    def get_thumbnail(name: str) -> Response:
        jpeg = house.thumbnails.jpeg(house.gallery.find(name))
        return Response(jpeg, media_type="image/jpeg", headers={"cache-control": "max-age=3600"})

    @app.post(
        "/api/styles",
        status_code=201,
        responses=_SAYS[400] | _SAYS[408] | _SAYS[413] | _SAYS[429],
        openapi_extra={"requestBody": {"required": True, "content": {"image/*": {"schema": _BYTES}}}},
    )
    async def post_style(request: Request, title: Annotated[str, Query(max_length=200)] = "") -> StyleInfo:
        if not house.uploads.allows():
            raise Problem(429, "too many pictures; wait a minute")
        async with coming:
            data = await _body(request)
            entry = await asyncio.to_thread(house.gallery.add, data, title)
        contract = entry.contract
        return StyleInfo(
            name=entry.name,
            title=contract.title,
            painted_by=contract.painted_by,
            mixable=True,
            uploaded=True,
        )


def _add_pictures(app: FastAPI, house: House) -> None:
    @app.get(
        "/api/snapshot.png",
        response_class=Response,
        responses=_PNG | _SAYS[404] | _SAYS[503],
    )
    def get_snapshot(session: Session = MAIN) -> Response:
        taken = _show(house, session).output.snapshot()
        if taken is None:
            raise Problem(503, "there is no picture yet")
        image, style_name = taken
        headers = {"content-disposition": f'attachment; filename="livebrush_{style_name}.png"'}
        return Response(cv2.imencode(".png", image)[1].tobytes(), media_type="image/png", headers=headers)

    @app.get(
        "/api/recordings/{name}",
        response_class=FileResponse,
        responses=_MP4 | _SAYS[404],
    )
    def get_recording(name: str) -> FileResponse:
        film = house.films.find(name)
        if film is None or not film.path.is_file():
            raise Problem(404, "there is no such recording")
        return FileResponse(film.path, media_type="video/mp4", filename=film.name)

    if house.config.mjpeg:

        @app.get("/stream.mjpg", include_in_schema=False)
        async def get_stream() -> StreamingResponse:
            house.check_seat()
            return StreamingResponse(stream(house), media_type=MEDIA_TYPE)


def _show(house: House, session: str) -> Show:
    show = house.show(session)
    if show is None:
        raise Problem(404, "there is no such show")
    return show


async def _body(request: Request) -> bytes:
    too_large = Problem(413, f"a picture has at most {MOST_UPLOAD_BYTES // 2**20} MB here")
    length = request.headers.get("content-length", "0")
    if not length.isdecimal() or len(length) > MOST_DIGITS or int(length) > MOST_UPLOAD_BYTES:
        raise too_large
    try:
        return await asyncio.wait_for(read_limited(request.stream(), MOST_UPLOAD_BYTES), UPLOAD_S)
    except TooLargeError:
        raise too_large from None
    except asyncio.TimeoutError:
        raise Problem(408, "the picture came too slowly") from None
