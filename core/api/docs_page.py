"""A page that shows the OpenAPI description without a script from anywhere else."""

from __future__ import annotations

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>API · Feedroom</title>
<link rel="icon" type="image/svg+xml" href="/assets/brand/icon.svg">
<link rel="stylesheet" href="/assets/auth/auth.css">
</head>
<body class="docs">
<main id="docs" data-description="/api/openapi.json">
<img class="logo" src="/assets/brand/icon.svg" alt="" width="40" height="40">
<h1>Feedroom API</h1>
<p class="lead">For programs: <a href="/api/openapi.json">openapi.json</a>.</p>
<noscript><p>This page needs JavaScript; the description itself does not.</p></noscript>
</main>
<script src="/assets/auth/docs.js" defer></script>
</body>
</html>
"""


def docs_page() -> str:
    """The page's HTML; its script reads the description and lists every route."""
    return _PAGE
