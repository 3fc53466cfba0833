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
from rag_api.demo.conversing import Conversing
from rag_api.demo.links import Links
from rag_api.demo.page import build_page

PATH = "/demo"
_STYLES = ("page.css", "thumbs.css")
_SCRIPTS = ("page.js", "pages.js", "conversations.js", "thumbs.js")
_ICON = (
    '<link rel="icon" href="data:image/svg+xml,'
    "%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E"
    "%3Cpath fill='%236366f1' d='M5 0h6a5 5 0 0 1 5 5v6a5 5 0 0 1-5 5H0V5a5 5 0 0 1 5-5'/%3E"
    '%3C/svg%3E">'
)
# In place of Gradio's own, which are of one file and of a mouse.
_WORDS = {
    "upload_text.drop_file": "Drop files here",
    "upload_text.click_to_upload": "Choose files",
}
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
    styles = (folder.joinpath(name).read_text("utf-8") for name in _STYLES)
    scripts = (folder.joinpath(name).read_text("utf-8") for name in _SCRIPTS)
    links = Links(api.url, same_site=same_site)
    page = build_page(Actions(api), Conversing(api, links))
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
        i18n=gr.I18n(en=_WORDS),
        theme=_theme(),
        css="\n".join(styles),
        head=_ICON + "".join(f"<script>{script}</script>" for script in scripts),
    )
    return app


def _theme() -> gr.themes.Base:
    theme = gr.themes.Default(
        primary_hue="indigo", neutral_hue="slate", font=_SYSTEM_FONTS, font_mono=_MONOSPACE
    )
    # Gradio's own are too pale to be read: from 2.6 to 1, where 4.5 are asked for.
    subdued: gr.themes.Base = theme.set(
        button_primary_background_fill="*primary_600",
        button_primary_background_fill_dark="*primary_600",
        button_primary_background_fill_hover="*primary_700",
        button_primary_background_fill_hover_dark="*primary_700",
        link_text_color_dark="*primary_300",
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
