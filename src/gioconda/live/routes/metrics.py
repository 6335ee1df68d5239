"""Metrics: how the server is doing, in the form that Prometheus reads."""

from collections.abc import Iterator

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from gioconda.live.routes.requests import TheServer, file
from gioconda.live.server import Server

router = APIRouter(tags=["server"])


class _Numbers(Collector):
    def __init__(self, server: Server) -> None:
        self._server = server

    def collect(self) -> Iterator[Metric]:
        """The numbers of this moment."""
        server, seats = self._server, self._server.pool.seats
        for name, says, value in (
            ("ready", "whether it makes anything yet", server.ready.is_set()),
            ("sessions", "that are open", len(seats)),
            ("sessions_limit", "that may be open", seats.total),
            ("sessions_waiting", "clients in the queue for one", seats.waiting),
            ("portraits", "in memory", len(server.portraits)),
            ("jobs", "that wait or run", len(server.jobs)),
        ):
            yield GaugeMetricFamily(f"gioconda_{name}", says, value)
        counts = server.pool.counts()
        yield CounterMetricFamily("gioconda_sessions_opened", "so far", counts["sessions"])
        frames = CounterMetricFamily("gioconda_frames", "so far", labels=("picture",))
        for picture in ("drawn", "left_out", "dropped"):
            frames.add_metric((picture,), counts[picture])
        yield frames
        answers = CounterMetricFamily("gioconda_answers", "to requests", labels=("status",))
        for status, count in sorted(server.answers.items()):
            answers.add_metric((str(status),), count)
        yield answers


@router.get("/metrics", **file("text/plain"))
def metrics(server: TheServer) -> Response:
    """How the server is doing, for Prometheus."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Numbers(server))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)
