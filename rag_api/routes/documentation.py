"""Swagger UI and ReDoc, with the scripts of fastapi-offline: no page needs the network."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.openapi.docs import get_redoc_html, get_swagger_ui_html
from fastapi.staticfiles import StaticFiles
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse

from rag_api.routes.described import component_schemas

# Relative, so that the pages work below any path that a proxy gives us.
_ASSETS = "docs-assets"
_OPENAPI = "openapi.json"

router = APIRouter(include_in_schema=False)


def add_documentation(app: FastAPI) -> None:
    """Add the pages, and the scripts that they load."""
    app.include_router(router)
    scripts = files("fastapi_offline").joinpath("static")
    app.mount(f"/{_ASSETS}", StaticFiles(directory=str(scripts)))


def describe_api(app: FastAPI) -> dict[str, Any]:
    """The application's OpenAPI document; it is made once."""
    if app.openapi_schema is None:
        app.openapi()["components"]["schemas"].update(component_schemas())
    return app.openapi()


@router.get("/")
async def open_docs() -> RedirectResponse:
    """Lead to the documentation."""
    return RedirectResponse("docs")


@router.get(f"/{_OPENAPI}")
async def show_openapi(request: Request) -> JSONResponse:
    """Give the OpenAPI document; it takes 0.2 s to make, so it is made when first asked for."""
    return JSONResponse(describe_api(request.app))


@router.get("/docs")
async def show_swagger(request: Request) -> HTMLResponse:
    """Show Swagger UI."""
    return get_swagger_ui_html(
        openapi_url=_OPENAPI,
        title=request.app.title,
        swagger_js_url=f"{_ASSETS}/swagger-ui-bundle.js",
        swagger_css_url=f"{_ASSETS}/swagger-ui.css",
        swagger_favicon_url=f"{_ASSETS}/favicon.png",
    )


@router.get("/redoc")
async def show_redoc(request: Request) -> HTMLResponse:
    """Show ReDoc."""
    return get_redoc_html(
        openapi_url=_OPENAPI,
        title=request.app.title,
        redoc_js_url=f"{_ASSETS}/redoc.standalone.js",
        redoc_favicon_url=f"{_ASSETS}/favicon.png",
        with_google_fonts=False,
    )
