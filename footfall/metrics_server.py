"""Metrics over HTTP where no dashboard runs beside the collector: `collector.metrics_listen`, off unless it is set.

Whoever reaches the address may read them, without a token.
"""

from __future__ import annotations

import logging
import socket
import sys
import threading
from wsgiref.simple_server import WSGIRequestHandler, make_server

from prometheus_client import CollectorRegistry, make_wsgi_app
from prometheus_client.exposition import ThreadingWSGIServer

from collector.scrape import CollectorScrape
from footfall.process import explain_bind_error
from schema.settings import Settings

log = logging.getLogger("footfall.metrics")


class MetricsServer:
    """Answers from a thread of the supervisor until `stop`."""

    def __init__(self, settings: Settings) -> None:
        """Raise AddressInUseError or SettingError where nothing can be bound."""
        address = settings.collector.metrics_listen
        registry = CollectorRegistry()
        registry.register(CollectorScrape(settings))
        host, _, port = address.rpartition(":")
        kind = _Server6 if ":" in host else _Server
        try:
            self._server = make_server(host.strip("[]"), int(port), make_wsgi_app(registry), kind, _QuietHandler)
        except OSError as error:
            raise explain_bind_error("collector.metrics_listen", address, error) from None
        self._thread = threading.Thread(target=self._server.serve_forever, name="metrics", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingWSGIServer):
    def handle_error(self, request: object, client_address: object) -> None:
        log.warning("a scrape was not answered: %s", type(sys.exception()).__name__)


class _Server6(_Server):
    address_family = socket.AF_INET6


class _QuietHandler(WSGIRequestHandler):
    timeout = 10  # seconds

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: it would be the address of whoever asks."""
