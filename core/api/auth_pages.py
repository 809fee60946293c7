"""The pages before the console, rendered as plain HTML: sign in, first set-up, change password, sign out."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from core.domain.account import Account
from core.services.accounts import MIN_PASSWORD

DEMO_PASSWORD = "feedroom-demo"  # noqa: S105 - the demo world's password is meant to be known

_FRAME = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title} · Feedroom</title>
<link rel="icon" type="image/svg+xml" href="/assets/brand/icon.svg">
<link rel="preload" as="font" type="font/ttf" href="/assets/fonts/inter.ttf" crossorigin>
<link rel="stylesheet" href="/assets/auth/auth.css">
</head>
<body>
<main>
<img class="logo" src="/assets/brand/icon.svg" alt="" width="40" height="40">
<h1>{title}</h1>
<p class="lead">{lead}</p>
{body}
</main>
<script src="/assets/auth/auth.js" defer></script>
</body>
</html>
"""


def sign_in_page(
    *, target: str, email: str = "", problem: str = "", wait: int = 0, notice: str = "", demo: Sequence[Account] = ()
) -> str:
    """The sign-in form. `wait` is how many seconds a throttled person has to wait; `demo` are the accounts to offer."""
    body = f"""{_problem(problem, wait)}{_notice(notice)}
<form method="post" action="/auth/sign-in" data-wait="{wait}">
<input type="hidden" name="next" value="{escape(target)}">
{_field("email", "E-mail", "email", email, "username", autofocus=not email)}
{_field("password", "Password", "password", "", "current-password", autofocus=bool(email))}
<button class="primary" type="submit">Sign in</button>
</form>
{_demo(demo)}"""
    return _page("Sign in", "The control room of your shoppable video feed.", body)


def setup_page(*, email: str = "", name: str = "", problem: str = "", wait: int = 0) -> str:
    """The form for the first administrator."""
    body = f"""{_problem(problem, wait)}
<form method="post" action="/auth/setup" data-wait="{wait}">
{
        _field(
            "setup_code",
            "Setup code",
            "text",
            "",
            "off",
            autofocus=True,
            hint="The server printed it when it started, and keeps it in the file setup_code of its data folder.",
        )
    }
{_field("name", "Your name", "text", name, "name")}
{_field("email", "E-mail", "email", email, "username")}
{_field("password", "Password", "password", "", "new-password", hint=f"At least {MIN_PASSWORD} characters.")}
<button class="primary" type="submit">Create the administrator</button>
</form>"""
    return _page("Set up Feedroom", "There is no account yet. Make the first one; it will be an administrator.", body)


def password_page(account: Account, *, problem: str = "", wait: int = 0) -> str:
    """The form to change one's own password."""
    body = f"""{_problem(problem, wait)}
<form method="post" action="/auth/password" data-wait="{wait}">
<input type="text" name="email" value="{escape(account.email)}" autocomplete="username" hidden>
{_field("current", "Current password", "password", "", "current-password", autofocus=True)}
{_field("password", "New password", "password", "", "new-password", hint=f"At least {MIN_PASSWORD} characters.")}
<button class="primary" type="submit">Change password</button>
</form>
<p class="aside"><a href="/">Back to the console</a></p>"""
    return _page("Change password", "You stay signed in here; every other browser is signed out.", body)


def sign_out_page(account: Account) -> str:
    """The question before signing out."""
    body = """<form method="post" action="/auth/sign-out">
<button class="primary" type="submit" autofocus>Sign out</button>
</form>
<p class="aside"><a href="/">Back to the console</a></p>"""
    return _page("Sign out", f"You are signed in as {escape(account.name)} ({escape(account.email)}).", body)


def _page(title: str, lead: str, body: str) -> str:
    return _FRAME.format(title=escape(title), lead=lead, body=body)


def _field(
    name: str, label: str, kind: str, value: str, autocomplete: str, *, autofocus: bool = False, hint: str = ""
) -> str:
    shown = f'<p class="hint" id="{name}-hint">{escape(hint)}</p>' if hint else ""
    described = f' aria-describedby="{name}-hint"' if hint else ""
    return (
        f'<label for="{name}">{escape(label)}</label>'
        f'<input id="{name}" name="{name}" type="{kind}" value="{escape(value)}" autocomplete="{autocomplete}" '
        f'required maxlength="200" spellcheck="false" autocapitalize="none"{" autofocus" * autofocus}{described}>{shown}'
    )


def _problem(text: str, wait: int) -> str:
    if not text:
        return ""
    left = f' You can try again in <span data-countdown="{wait}">{_wait(wait)}</span>.' if wait else ""
    return f'<p class="problem" role="alert">{escape(text)}{left}</p>'


def _notice(text: str) -> str:
    return f'<p class="notice" role="status">{escape(text)}</p>' if text else ""


def _wait(seconds: int) -> str:
    return f"{seconds} s" if seconds < 60 else f"{seconds // 60} min {seconds % 60} s"


def _demo(accounts: Sequence[Account]) -> str:
    if not accounts:
        return ""
    rows = "".join(
        f'<li><button type="button" data-email="{escape(one.email)}" data-password="{DEMO_PASSWORD}">'
        f'<span class="role">{escape(one.role.label.capitalize())}</span><span class="mail">{escape(one.email)}</span>'
        "</button></li>"
        for one in accounts
    )
    return f"""<section aria-labelledby="demo">
<h2 id="demo">Demo accounts</h2>
<p class="hint">This is the demo world. Choose whom to be; the password is <code>{DEMO_PASSWORD}</code>.</p>
<ul class="demo">{rows}</ul>
</section>"""
