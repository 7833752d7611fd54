"""One request and its answer: uvicorn's own, and for answers that are made once a way to send them in one piece."""

from __future__ import annotations

from typing import Any

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from collector.answers import WHOLE_ANSWER


class Exchange(RequestResponseCycle):
    """Takes, beside ASGI's messages, `{"type": WHOLE_ANSWER, "answer": Answer}`, as `scope["extensions"]` says.

    uvicorn checks and joins the headers of each answer anew and writes head and body one by one: for a beacon that
    is a third of what all else takes.
    """

    async def send(self, message: Any) -> None:
        """Send a part of the answer, or all of it. Whoever has gone gets nothing, and is no error."""
        if self.transport.is_closing():
            self.disconnected = True
        if message["type"] != WHOLE_ANSWER:
            await super().send(message)
            return
        answer = message["answer"]
        if (
            self.keep_alive
            and self.scope["method"] != "HEAD"
            and not answer.closes
            and not self.flow.write_paused
            and not self.disconnected
        ):
            self._send_whole(answer.encode(self.default_headers))
        else:
            await super().send(answer.start)
            await super().send(answer.body)

    def _send_whole(self, encoded: bytes) -> None:
        self.waiting_for_100_continue = False
        self.response_started = self.response_complete = True
        self.transport.write(encoded)
        self.message_event.set()
        self.on_response()
