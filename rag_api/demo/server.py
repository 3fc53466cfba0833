"""The page as an application of its own, and its server."""

from __future__ import annotations

import logging
import socket
from importlib.resources import files

import gradio as gr
import uvicorn
from fastapi import FastAPI
from starlette.responses import RedirectResponse

from rag_api.demo.actions import Actions
from rag_api.demo.client import Api
from rag_api.demo.links import Links
from rag_api.demo.page import build_page

PATH = "/demo"
_STYLES = ("page.css", "thumbs.css")
_SCRIPTS = ("page.js", "thumbs.js")
_SYSTEM_FONTS = ("system-ui", "-apple-system", "Segoe UI", "sans-serif")
_MONOSPACE = ("ui-monospace", "Consolas", "monospace")


def create_page_app(api: Api, *, same_site: bool, max_upload_mb: int) -> FastAPI:
    """Build the application; its page is at /demo, below the API's own address or elsewhere."""
    app = FastAPI(openapi_url=None)

    @app.get("/")
    async def open_page() -> RedirectResponse:
        """Lead to the page."""
        return RedirectResponse(f"{PATH}/")

    folder = files(__package__ or "rag_api.demo")
    page = build_page(Actions(api, Links(api.url, same_site=same_site)))
    gr.mount_gradio_app(
        app,
        page,
        PATH,
        footer_links=[],
        run_history=False,
        show_error=False,
        ssr_mode=False,
        mcp_server=False,
        max_file_size=max_upload_mb << 20,
        theme=_theme(),
        css="\n".join(folder.joinpath(name).read_text("utf-8") for name in _STYLES),
        head="".join(
            f"<script>{folder.joinpath(name).read_text('utf-8')}</script>" for name in _SCRIPTS
        ),
    )
    return app


def _theme() -> gr.themes.Base:
    theme = gr.themes.Default(
        primary_hue="indigo", neutral_hue="slate", font=_SYSTEM_FONTS, font_mono=_MONOSPACE
    )
    # Gradio's own are too pale to be read: 2.6 to 1 on white, where 4.5 are asked for.
    subdued: gr.themes.Base = theme.set(
        body_text_color_subdued="*neutral_500",
        input_placeholder_color="*neutral_500",
        input_placeholder_color_dark="*neutral_400",
    )
    return subdued


def run_page(app: FastAPI, listener: socket.socket) -> None:
    """Serve it on a bound socket until SIGTERM."""
    logging.basicConfig(level=logging.WARNING)
    config = uvicorn.Config(
        app, log_config=None, access_log=False, ws="none", timeout_graceful_shutdown=2
    )
    uvicorn.Server(config).run(sockets=[listener])
