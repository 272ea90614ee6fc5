"""A person's cookie, and a secrets file that asks for one."""

import json
from pathlib import Path
from typing import Any

from streamlit.web.server.starlette.starlette_app_utils import create_signed_value

COOKIE = "_streamlit_user"
SECRET = "a-cookie-secret-for-the-tests-alone"
ALLOWED = {
    "iss": "https://id.example",
    "sub": "ana-1",
    "email": "ana@corp.example",
    "email_verified": True,
    "is_logged_in": True,
    "provider": "default",
}


def auth_table(port: int, issuer: str = "https://id.example", **changes: str) -> dict[str, str]:
    """Return the settings of sign-in for an app on this port."""
    return {
        "redirect_uri": f"http://localhost:{port}/oauth2callback",
        "cookie_secret": SECRET,
        "client_id": "studio",
        "client_secret": "secret-of-the-client",
        "server_metadata_url": f"{issuer}/.well-known/openid-configuration",
        **changes,
    }


def toml(name: str, table: dict[str, str]) -> str:
    """Return a table as TOML."""
    return "\n".join([f"[{name}]", *(f'{key} = "{value}"' for key, value in table.items()), ""])


def write_secrets(path: Path, port: int, **changes: str) -> Path:
    """Write a secrets file that sets up sign-in."""
    path.write_text(toml("auth", auth_table(port, **changes)), encoding="utf-8")
    return path


def cookie_of(port: int, *, secret: str = SECRET, **changes: Any) -> str:
    """Return the value of the cookie with which a person is signed in."""
    claims = {**ALLOWED, "origin": f"http://localhost:{port}", **changes}
    return create_signed_value(secret, COOKIE, json.dumps(claims)).decode()
