"""The application: routers put together behind the shields."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic import TypeAdapter

from agent.entrypoints.web import problems
from agent.entrypoints.web.api import (
    canaries,
    generic_prompt,
    health,
    intake,
    notices,
    prompts,
    proposals,
    questions,
    schedule,
    watching,
)
from agent.entrypoints.web.door import Door
from agent.entrypoints.web.otlp import routes as otlp
from agent.entrypoints.web.pages import routes as pages
from agent.entrypoints.web.pages.sign_in import Tries
from agent.entrypoints.web.pages.visitor import SignInNeeded
from agent.entrypoints.web.shields import Shields

API = "/api/v1"
NOUNS = (intake, prompts, proposals, canaries, watching, questions, schedule, notices)


def create_app(door: Door, closing: Callable[[], Awaitable[None]] | None = None) -> FastAPI:
    """The server's application at a door. closing: awaited when the server stops."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        if closing is not None:
            await closing()

    app = FastAPI(
        title="Promptkeeper",
        version=version("promptkeeper"),
        docs_url=None,  # the interactive pages load scripts from elsewhere
        redoc_url=None,
        lifespan=lifespan,
        generate_unique_id_function=_operation,
        separate_input_output_schemas=False,
    )
    app.state.door = door
    app.state.tries = Tries()
    problems.install(app)
    app.add_exception_handler(SignInNeeded, pages.sign_in_first)
    api = APIRouter(prefix=API, responses=dict(problems.DECLARED))
    for noun in NOUNS:
        api.include_router(noun.router)
    app.include_router(api)
    app.include_router(health.router, responses=dict(problems.DECLARED))
    app.include_router(generic_prompt.router, responses=dict(problems.DECLARED))
    app.include_router(otlp.router)
    app.include_router(pages.router)
    app.mount("/static", pages.static)
    app.openapi = lambda: _document(app)  # type: ignore[method-assign]  # FastAPI's own way to change it
    app.add_middleware(Shields, names=door.names, limit=door.body_limit)
    return app


def _operation(route: APIRoute) -> str:
    return route.name


def _document(app: FastAPI) -> dict[str, object]:
    """The OpenAPI document, with the bodies that the storing process reads and the way tokens are sent."""
    if app.openapi_schema is None:
        said = get_openapi(title=app.title, version=app.version, routes=app.routes, description=__doc__)
        for path in said["paths"].values():
            for operation in path.values():
                body = operation.pop("x-body", None)
                if body is not None:
                    _add_body(said, operation, body)
        said["components"].setdefault("securitySchemes", {})["token"] = {"type": "http", "scheme": "bearer"}
        said["security"] = [{"token": []}]
        app.openapi_schema = said
    return app.openapi_schema


def _add_body(said: dict[str, object], operation: dict[str, object], name: str) -> None:
    model = intake.TRACES if name == "traces" else intake.SCORES
    schema = TypeAdapter(model).json_schema(ref_template="#/components/schemas/{model}")
    components = said["components"]
    assert isinstance(components, dict)
    components["schemas"].update(schema.pop("$defs", {}))
    operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
