"""The dashboard on a real socket, and a reader of it in a real browser."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from playwright.sync_api import Browser, Page

from schema.store_embedded import EmbeddedStore
from support.dashboard_client import Client, token
from support.processes import free_port, wait_until


@contextmanager
def serving(store: EmbeddedStore, client: Client | None = None) -> Iterator[str]:
    """The dashboard on a real socket."""
    port = free_port()
    config = uvicorn.Config((client or Client(store)).app, port=port, access_log=False, log_level="error")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        wait_until(lambda: server.started, what="the dashboard listens")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


@contextmanager
def signed_in(
    browser: Browser, address: str, *, javascript: bool = True, may_fail: bool = False, **options: Any
) -> Iterator[Page]:
    """A page after the login link; at its end, no error may be on its console."""
    settings: dict[str, Any] = {"viewport": {"width": 1280, "height": 900}, "locale": "en-GB", **options}
    context = browser.new_context(java_script_enabled=javascript, **settings)
    page = context.new_page()
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{address}/login?token={token()}")
    assert "token=" not in page.url
    yield page
    context.close()
    assert may_fail or errors == []
