"""Whether this process lives, whether it can serve, and its numbers for Prometheus."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST
from prometheus_client.core import GaugeMetricFamily
from pydantic import BaseModel, Field

from core.api.problems import problem_response, responses
from core.api.security import key_with, services_of
from core.bootstrap import Services
from core.domain.account import ApiKey, Scope
from core.domain.errors import ServiceError
from core.services.engagement import GROUP, TOPIC
from core.services.feed_metrics import numbers

router = APIRouter(prefix="/api/v1", tags=["health"])

Open = Annotated[Services, Depends(services_of)]


class Health(BaseModel):
    """`status` is ok."""

    status: str = Field(default="ok", examples=["ok"])


class Readiness(BaseModel):
    """`status` is ready if every store answers."""

    status: str = Field(examples=["ready"])
    stores: dict[str, str] = Field(examples=[{"documents": "ok", "media": "ok", "event log": "ok", "live state": "ok"}])


@router.get("/healthz", summary="Does the process live?")
def healthz() -> Health:
    """Answers as long as the process runs; asks nothing of any store. Open to everybody."""
    return Health()


@router.get("/readyz", summary="Can it serve?", response_model=Readiness, responses=responses(503))
def readyz(request: Request, services: Open) -> Any:
    """Asks every store; 503 names those that do not answer. Open to everybody."""
    found = {name: _ask(ping) for name, ping in _pings(services)}
    if down := [name for name, state in found.items() if state != "ok"]:
        return problem_response(
            request,
            kind="unavailable",
            title="Temporarily unavailable",
            status=503,
            detail=f"does not answer: {', '.join(down)}",
            stores=found,
        )
    return Readiness(status="ready", stores=found)


@router.get(
    "/metrics",
    summary="Numbers for Prometheus",
    response_class=Response,
    responses={
        200: {"content": {"text/plain": {"example": 'feedroom_pages_total{kind="served"} 1042.0\n'}}},
        **responses(401, 403, 429),
    },
)
def metrics(services: Open, key: Annotated[ApiKey, Depends(key_with(Scope.METRICS_READ))]) -> Response:
    """The counters of this process, or of all workers that share PROMETHEUS_MULTIPROC_DIR, and the lag of the event log."""
    lag = GaugeMetricFamily("feedroom_event_lag", "Viewer events not yet counted by the worker", labels=["group"])
    try:
        lag.add_metric([GROUP], float(services.stores.log.lag(TOPIC, GROUP)))
    except ServiceError:
        lag.add_metric([GROUP], float("nan"))
    return Response(numbers() + _text(lag), media_type=CONTENT_TYPE_LATEST)


def _pings(services: Services) -> list[tuple[str, Any]]:
    stores = services.stores
    return [
        ("documents", stores.documents.ping),
        ("media", stores.objects.ping),
        ("event log", stores.log.ping),
        ("live state", stores.live.ping),
    ]


def _ask(ping: Any) -> str:
    try:
        ping()
    except ServiceError as error:
        return error.detail
    return "ok"


def _text(family: GaugeMetricFamily) -> bytes:
    lines = [f"# HELP {family.name} {family.documentation}", f"# TYPE {family.name} gauge"]
    lines += [f'{family.name}{{group="{sample.labels["group"]}"}} {sample.value}' for sample in family.samples]
    return ("\n".join(lines) + "\n").encode()
