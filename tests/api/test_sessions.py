"""The doors: cookies, sign-in and sign-out, first set-up, hosts, headers, and the console's gate."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from core.api.app import behind_doors, create_app
from core.api.sessions import Gate, KnownHosts, OurRoutes, Sessions, safe_next
from core.bootstrap import Services, clock
from core.domain.account import Account
from core.services.accounts import TRIES_PER_EMAIL_AND_CLIENT
from core.services.setup_code import setup_code
from tests.api.conftest import BASE, PASSWORD

PAGE = {"Accept": "text/html"}
RIGHT = {"email": "asha@example.in", "password": PASSWORD}


@pytest.fixture
def console(services: Services) -> Iterator[TestClient]:
    """The console's doors around a stand-in that says which identity headers reached it."""

    async def page(request: Request) -> JSONResponse:
        return JSONResponse({name: value for name, value in request.headers.items() if name.startswith("x-feedroom")})

    async def stream(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_json(websocket.headers.getlist("x-feedroom-account"))
        await websocket.close()

    inner = Starlette(routes=[WebSocketRoute("/_stcore/stream", stream), Route("/{path:path}", page)])
    app = KnownHosts(Sessions(OurRoutes(Gate(inner), create_app(services)), lambda: services), services.settings)
    with TestClient(app, base_url=BASE, follow_redirects=False) as made:
        yield made


def test_an_anonymous_page_request_goes_to_sign_in_and_remembers_where_it_wanted(console: TestClient) -> None:
    answer = console.get("/library?status=live&tag=a%20b", headers=PAGE)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/auth/sign-in?next=/library%3Fstatus%3Dlive%26tag%3Da%2520b"


def test_an_anonymous_websocket_is_refused(console: TestClient) -> None:
    with pytest.raises(WebSocketDisconnect), console.websocket_connect("ws://localhost:8501/_stcore/stream"):
        pass


@pytest.mark.parametrize("path", ["/_stcore/upload_file/a/b", "/media/0123abcd.png", "/_stcore/metrics"])
def test_what_is_not_a_page_is_refused_without_a_redirect(console: TestClient, path: str) -> None:
    assert console.get(path).status_code == 401


def test_after_signing_in_the_console_learns_who_it_is_from_the_door_alone(
    console: TestClient, admin: Account, own_page: dict[str, str]
) -> None:
    answer = console.post("/auth/sign-in", data=RIGHT | {"next": "/library?status=live"}, headers=own_page)
    assert (answer.status_code, answer.headers["location"]) == (303, "/library?status=live")
    cookie = answer.headers["set-cookie"].lower()
    assert all(part in cookie for part in ("feedroom_session=", "httponly", "samesite=lax", "path=/", "max-age=43200"))
    forged = {"X-Feedroom-Account": "somebody-else", "X-Feedroom-Session": "stolen"} | PAGE
    seen = console.get("/library", headers=forged).json()
    assert seen["x-feedroom-account"] == admin.id
    assert seen["x-feedroom-session"] != "stolen"
    with console.websocket_connect(
        "ws://localhost:8501/_stcore/stream", headers={"X-Feedroom-Account": "somebody-else"}
    ) as stream:
        assert stream.receive_json() == [admin.id]


def test_sign_out_ends_the_session_itself_not_only_the_cookie(
    console: TestClient, admin: Account, own_page: dict[str, str]
) -> None:
    console.post("/auth/sign-in", data=RIGHT, headers=own_page)
    kept = dict(console.cookies)
    assert console.post("/auth/sign-out", headers=own_page).headers["location"] == "/auth/sign-in?notice=out"
    console.cookies.update(kept)
    assert console.get("/", headers=PAGE).headers["location"] == "/auth/sign-in"


def test_a_link_does_not_sign_out(console: TestClient, admin: Account, own_page: dict[str, str]) -> None:
    console.post("/auth/sign-in", data=RIGHT, headers=own_page)
    assert console.get("/auth/sign-out").status_code == 200
    assert console.get("/", headers=PAGE).status_code == 200


def test_a_wrong_password_says_so_keeps_the_email_and_sets_no_cookie(
    client: TestClient, admin: Account, own_page: dict[str, str]
) -> None:
    answer = client.post(
        "/auth/sign-in", data={"email": 'asha@example.in"><b>', "password": "wrong password"}, headers=own_page
    )
    assert answer.status_code == 401
    assert "The e-mail or the password is not right." in answer.text
    assert 'value="asha@example.in&quot;&gt;&lt;b&gt;"' in answer.text
    assert "set-cookie" not in answer.headers


def test_a_throttled_person_reads_how_long_to_wait(
    client: TestClient, admin: Account, own_page: dict[str, str]
) -> None:
    for _ in range(TRIES_PER_EMAIL_AND_CLIENT):
        client.post("/auth/sign-in", data=RIGHT | {"password": "wrong password"}, headers=own_page)
    answer = client.post("/auth/sign-in", data=RIGHT, headers=own_page)
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= 300
    assert "You can try again in" in answer.text


@pytest.mark.parametrize("headers", [{}, {"Origin": "https://evil.example"}, {"Referer": "http://localhost:9/x"}])
def test_forms_are_taken_from_our_own_pages_only(client: TestClient, admin: Account, headers: dict[str, str]) -> None:
    for path in ("/auth/sign-in", "/auth/sign-out", "/auth/setup", "/auth/password"):
        assert client.post(path, data=RIGHT, headers=headers).status_code == 403


def test_a_huge_form_is_refused(client: TestClient, own_page: dict[str, str]) -> None:
    assert client.post("/auth/sign-in", data={"email": "x" * 20_000}, headers=own_page).status_code == 413


@pytest.mark.parametrize(
    ("wanted", "given"),
    [
        ("/library?x=1#part", "/library?x=1#part"), ("", "/"), (None, "/"), ("//evil.example", "/"),
        ("/\\evil.example", "/"), ("https://evil.example", "/"), ("javascript:alert(1)", "/"),
        ("/%2f/evil", "/%2f/evil"), ("/a\r\nSet-Cookie: b", "/"), ("/a\tb", "/"), ("/auth/sign-out", "/"), ("/" + "a" * 3_000, "/"),
    ],
)  # fmt: skip
def test_after_sign_in_only_our_own_paths_are_gone_to(wanted: str | None, given: str) -> None:
    assert safe_next(wanted) == given


def test_the_first_administrator_needs_the_setup_code(
    client: TestClient, services: Services, own_page: dict[str, str]
) -> None:
    assert "Set up Feedroom" in client.get("/auth/sign-in").text
    code_file = services.settings.data / "setup_code"
    assert code_file.stat().st_mode & 0o777 == 0o600
    form = RIGHT | {"name": "Asha Rao", "setup_code": "AAAA-BBBB-CCCC"}
    refused = client.post("/auth/setup", data=form, headers=own_page)
    assert refused.status_code == 403
    assert services.accounts.is_empty()
    form["setup_code"] = setup_code(services.settings.data).lower()
    answer = client.post("/auth/setup", data=form, headers=own_page)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert not code_file.exists()
    assert client.get("/auth/sign-in").headers["location"] == "/"
    client.cookies.clear()
    assert client.post("/auth/setup", data=form, headers=own_page).headers["location"] == "/auth/sign-in"


def test_setup_codes_cannot_be_guessed_in_a_row(client: TestClient, own_page: dict[str, str]) -> None:
    form = RIGHT | {"name": "Asha Rao", "setup_code": "AAAA-BBBB-CCCC"}
    answers = [client.post("/auth/setup", data=form, headers=own_page).status_code for _ in range(12)]
    assert answers[:10] == [403] * 10
    assert answers[10:] == [429] * 2


def test_changing_the_password_keeps_this_browser_and_ends_the_others(
    client: TestClient, services: Services, admin: Account, own_page: dict[str, str]
) -> None:
    elsewhere = services.accounts.open_session(admin, now=clock())
    client.post("/auth/sign-in", data=RIGHT, headers=own_page)
    wrong = client.post(
        "/auth/password", data={"current": "not this one", "password": "a new long one"}, headers=own_page
    )
    assert "this is not your current password." in wrong.text
    right = client.post("/auth/password", data={"current": PASSWORD, "password": "a new long one"}, headers=own_page)
    assert right.headers["location"] == "/"
    assert client.get("/auth/password").status_code == 200
    assert services.accounts.resolve(elsewhere.session.key, now=clock()) is None


def test_demo_accounts_are_offered_in_the_demo_world_only(
    services: Services, client: TestClient, admin: Account
) -> None:
    services.stores.accounts.patch(admin.id, {"demo": True})
    assert "Demo accounts" in client.get("/auth/sign-in").text
    services.settings = replace(services.settings, demo=False)
    assert "Demo accounts" not in client.get("/auth/sign-in").text


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "", "localhost@evil.example"])
def test_hosts_that_are_not_ours_are_refused(client: TestClient, host: str) -> None:
    assert client.get("/auth/sign-in", headers={"Host": host}).status_code == 400


def test_every_answer_carries_safe_headers(client: TestClient) -> None:
    for path in ("/auth/sign-in", "/api/docs", "/nowhere"):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert "frame-ancestors" in headers["content-security-policy"]


def test_over_https_the_cookie_is_bound_to_the_host(
    services: Services, admin: Account, own_page: dict[str, str]
) -> None:
    services.settings = replace(services.settings, secure_cookies=True)
    with TestClient(behind_doors(create_app(services), services), base_url=BASE, follow_redirects=False) as client:
        answer = client.post("/auth/sign-in", data=RIGHT, headers=own_page)
    assert answer.headers["set-cookie"].startswith("__Host-feedroom_session=")
    assert "Secure" in answer.headers["set-cookie"]
    assert "strict-transport-security" in answer.headers


@pytest.mark.parametrize("path", ["/assets/fonts/inter.ttf", "/assets/brand/icon.svg", "/assets/auth/auth.css"])
def test_assets_are_served_from_here(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 200
    assert "max-age" in answer.headers["cache-control"]


@pytest.mark.parametrize(
    "path", ["/assets/brand/..%2f..%2fpyproject.toml", "/assets/fonts/x.ttf", "/assets/auth/auth.py"]
)
def test_nothing_else_is_served_as_an_asset(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404
