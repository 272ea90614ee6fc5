"""Sign-in settings that are damaged, incomplete or misspelt never mean "no sign-in"."""

from pathlib import Path
from typing import Any

import pytest

from lib.secrets_files import SecretsFileError, read_secrets
from lib.settings import Settings
from lib.sign_in import AllowList, SignIn, SignInError, decide_sign_in, remember_sign_in
from tests.support.sign_in import ALLOWED, auth_table, toml

AUTH = toml("auth", auth_table(8501))


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "secrets.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "text",
    [
        AUTH[: len(AUTH) // 2],
        AUTH[:3],
        "",
        "  \n",
        "# all of it commented out\n",
        "[auth",
        "[auth]\n[auth]\n",
        'auth = "x"',
        "auth = []",
        "sendout = 3",
        '"auth.default" = 1',
        "auth2 = 1",
        'sendout.redirect_uri = "https://a.example/oauth2callback"',
    ],
)
def test_a_damaged_file_is_an_error(text: str, tmp_path: Path) -> None:
    with pytest.raises(SecretsFileError) as error:
        read_secrets([write(tmp_path, text)])

    assert SECRET_PART not in str(error.value)


SECRET_PART = "a-cookie-secret"


@pytest.mark.parametrize(
    "name",
    [
        *("Auth", "AUTH", "oauth", "authentication", "auht", "atuh", "aut", "ath", "uath", "outh"),
        *("aauth", "auth_", "'auth '", "sendout.auth", "oidc", "login", "Sign-In", "sso", "foo"),
        *("'аuth'", "auths", "authn", "auth0", "AuthZ", "athu"),
    ],
)
def test_a_table_that_only_resembles_sign_in_is_an_error(name: str, tmp_path: Path) -> None:
    with pytest.raises(SecretsFileError):
        read_secrets([write(tmp_path, toml(name, auth_table(8501)))])


@pytest.mark.parametrize("text", ["[Auth]\n", "[oauth]\nx = 1\n", "auht = 1\n"])
def test_a_misspelt_table_is_an_error_without_any_of_its_keys(text: str, tmp_path: Path) -> None:
    with pytest.raises(SecretsFileError):
        read_secrets([write(tmp_path, text)])


def test_other_settings_and_absent_files_are_in_order(tmp_path: Path) -> None:
    text = '[sendout]\nkeep_days = 3\n[connections.warehouse]\nuser = "x"\n[aws]\nregion = "y"\n'

    found = read_secrets([tmp_path / "absent.toml", write(tmp_path, text)])

    assert found["sendout"] == {"keep_days": 3}


def test_files_that_cannot_be_read_are_errors(tmp_path: Path) -> None:
    (dangling := tmp_path / "dangling.toml").symlink_to(tmp_path / "gone")
    (binary := tmp_path / "binary.toml").write_bytes(b"\xff\xfe[auth]")
    (folder := tmp_path / "folder.toml").mkdir()
    for path in (dangling, binary, folder):
        with pytest.raises(SecretsFileError):
            read_secrets([path])
    absent = tmp_path / "absent.toml"
    with pytest.raises(SecretsFileError):
        read_secrets([absent], required=[absent])


def test_a_folder_of_secrets_is_read(tmp_path: Path) -> None:
    (folder := tmp_path / "mounted" / "auth").mkdir(parents=True)
    for name, value in auth_table(8501).items():
        (folder / name).write_text(f"{value}\n", encoding="utf-8")

    assert read_secrets([folder.parent]) == {"auth": auth_table(8501)}


def settings_of(tmp_path: Path, **changes: Any) -> Settings:
    return Settings(data_dir=tmp_path, **changes)


def decide(path: Path, settings: Settings) -> SignIn | None:
    return decide_sign_in(read_secrets([path]), settings)


def test_sign_in_needs_a_list_of_people(tmp_path: Path) -> None:
    path = write(tmp_path, AUTH)

    with pytest.raises(SignInError) as error:
        decide(path, settings_of(tmp_path))
    assert "SENDOUT_SIGN_IN_EMAILS" in str(error.value)

    settings = settings_of(tmp_path, sign_in_domains="corp.example")
    decided = decide(path, settings)
    assert decided is not None
    assert decided.admits(ALLOWED)
    assert decided.providers == ("default",)


@pytest.mark.parametrize("key", auth_table(8501))
def test_an_incomplete_table_is_an_error_that_names_what_is_missing(
    key: str, tmp_path: Path
) -> None:
    table = auth_table(8501)
    settings = settings_of(tmp_path, sign_in_domains="corp.example")
    for text in (table | {key: " "}, {name: table[name] for name in table if name != key}):
        with pytest.raises(SignInError) as error:
            decide(write(tmp_path, toml("auth", text)), settings)
        assert key in str(error.value)


@pytest.mark.parametrize(
    "changes",
    [
        {"cookie_secret": "short"},
        {"redirect_uri": "localhost/oauth2callback"},
        {"redirect_uri": "https://a.example/other"},
        {"redirect_uri": "https://a.example:x/oauth2callback"},
    ],
)
def test_settings_that_cannot_work_are_errors(changes: dict[str, str], tmp_path: Path) -> None:
    path = write(tmp_path, toml("auth", auth_table(8501, **changes)))

    with pytest.raises(SignInError):
        decide(path, settings_of(tmp_path, sign_in_domains="corp.example"))


def test_a_provider_may_have_a_name(tmp_path: Path) -> None:
    table = auth_table(8501)
    common = {key: table.pop(key) for key in ("redirect_uri", "cookie_secret")}
    path = write(tmp_path, toml("auth", common) + toml("auth.acme", table))

    decided = decide(path, settings_of(tmp_path, sign_in_emails="ana@corp.example"))

    assert decided is not None
    assert decided.providers == ("acme",)


def test_sign_in_that_got_lost_is_an_error(tmp_path: Path) -> None:
    assert decide_sign_in({}, settings_of(tmp_path)) is None

    with pytest.raises(SignInError):
        decide_sign_in({}, settings_of(tmp_path, sign_in_emails="ana@corp.example"))
    remember_sign_in(settings_of(tmp_path))
    with pytest.raises(SignInError) as error:
        decide_sign_in({}, settings_of(tmp_path))
    assert "sign-in-required" in str(error.value)


@pytest.mark.parametrize(
    "changes",
    [
        {"sign_in_emails": "ana"},
        {"sign_in_emails": "*@corp.example"},
        {"sign_in_emails": "ana@cörp.example"},
        {"sign_in_domains": "*.corp.example"},
        {"sign_in_domains": ".example"},
        {"sign_in_domains": "\u212aorp.example"},
        {"sign_in_claim": "groups"},
        {"sign_in_claim_value": "sendout"},
        {"sign_in_claim": "email", "sign_in_claim_value": "ana@corp.example"},
    ],
)
def test_a_list_that_would_not_mean_what_it_says_is_an_error(
    changes: dict[str, str], tmp_path: Path
) -> None:
    with pytest.raises(SignInError):
        decide(write(tmp_path, AUTH), settings_of(tmp_path, **changes))


@pytest.mark.parametrize(
    ("changes", "is_admitted"),
    [
        ({}, True),
        ({"email": "ANA@Corp.Example"}, True),
        ({"email": "bob@corp.example"}, True),
        ({"email": "guest@Other.example"}, True),
        ({"email": "eve@other.example"}, False),
        ({"email": "eve@sub.corp.example"}, False),
        ({"email": "eve@evilcorp.example"}, False),
        ({"email": "eve@corp.example.evil.example"}, False),
        ({"email": "eve@evil.example@corp.example"}, False),
        ({"email": '"eve@evil.example"@corp.example'}, False),
        ({"email": "eve@corp.example "}, False),
        ({"email": "eve@corp.example\n"}, False),
        ({"email": "eve@\u0441orp.example"}, False),
        ({"email": "\u212aim@corp.example"}, False),
        ({"email": "@corp.example"}, False),
        ({"email": ["ana@corp.example"]}, False),
        ({"email": None}, False),
        ({"email_verified": False}, False),
        ({"email_verified": "true"}, False),
        ({"email_verified": 1}, False),
        ({"email_verified": None}, False),
        ({"email": None, "groups": ["staff", "sendout"]}, True),
        ({"email": None, "groups": "sendout"}, True),
        ({"email": None, "groups": "not-sendout"}, False),
        ({"email": None, "groups": {"sendout": 1}}, False),
        ({"iss": ""}, False),
        ({"sub": None}, False),
        ({"sub": 7, "groups": ["sendout"]}, False),
    ],
)
def test_only_those_on_the_list_are_admitted(changes: dict[str, Any], is_admitted: bool) -> None:
    allow_list = AllowList(
        emails=frozenset({"guest@other.example"}),
        domains=frozenset({"corp.example"}),
        claim="groups",
        claim_value="sendout",
    )

    assert allow_list.admits({**ALLOWED, **changes}) is is_admitted
