"""The API's reference, made from its schema: no script, and nothing from outside."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route


async def reference(request: Request) -> Response:
    """The reference, made from the schema; no script and nothing from outside."""
    return HTMLResponse(reference_page(request.app.openapi()))


def reference_page(schema: Mapping[str, Any]) -> str:
    """Write the paths of an OpenAPI schema as one plain page."""
    rows = []
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            name = str(content.get("schema", {}).get("$ref", "")).rpartition("/")[2]
            body = ", ".join(schema.get("components", {}).get("schemas", {}).get(name, {}).get("properties", {}))
            rows.append(
                f"<tr><td><code>{method.upper()}</code></td><td><code>{escape(path)}</code></td>"
                f"<td>{escape(operation.get('description', ''))}</td><td><code>{escape(body)}</code></td></tr>"
            )
    head = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Tocsin API</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<link rel="stylesheet" href="/static/app.css"></head><body><main id="main"><h1>Tocsin API</h1>'
        "<p>Send <code>Authorization: Bearer TOKEN</code>. The schema: "
        '<a href="/api/openapi.json">openapi.json</a>. Errors are RFC 9457 problem documents.</p>'
    )
    columns = "<tr><th>Method</th><th>Path</th><th>What it does</th><th>Body</th></tr>"
    table = f'<div class="scroll"><table><thead>{columns}</thead><tbody>{"".join(rows)}</tbody></table></div>'
    return f"{head}{table}</main></body></html>"


ROUTES = [Route("/api/docs", reference, methods=["GET"])]
