"""Settings: read once, from the environment or files; a wrong one names itself and shows no secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from tocsin import settings


def test_nothing_is_needed():
    assert ("sqlite:///var/tocsin.db", "127.0.0.1", 8080, Path("var")) == tuple(
        getattr(settings.read({}), name) for name in ("database", "host", "port", "data")
    )


def test_a_secret_may_come_from_a_file(tmp_path):
    (tmp_path / "token").write_text("a-token-of-sixteen\n")

    assert "a-token-of-sixteen" == settings.read({"TOCSIN_ADMIN_TOKEN_FILE": str(tmp_path / "token")}).admin_token


@pytest.mark.parametrize(
    ("environment", "data"),
    [
        ({"TOCSIN_DATABASE": "sqlite:////srv/t/x.db"}, Path("/srv/t")),
        ({"TOCSIN_DATABASE": "postgresql://h/db"}, Path("var")),
        ({"TOCSIN_DATABASE": "sqlite:////srv/t/x.db", "TOCSIN_DATA": "/else"}, Path("/else")),
        ({"TOCSIN_DATABASE": "sqlite:///:memory:"}, Path("var")),
    ],
)
def test_the_data_directory(environment, data):
    assert data == settings.read(environment).data


@pytest.mark.parametrize(
    "environment",
    [
        {"TOCSIN_PORT": "80 80"}, {"TOCSIN_KEY_RATE": "5/s"}, {"TOCSIN_INGEST_RATE": "-1"},
        {"TOCSIN_DEAD_MAN_EVERY": "0"}, {"TOCSIN_DEAD_MAN_EVERY": "1m"},
        {"TOCSIN_DEAD_MAN_URL": "hc-ping.com/x"}, {"TOCSIN_PORT": "70000"}, {"TOCSIN_DATABASE": "mysql://x"},
        {"TOCSIN_PUBLIC_URL": "tocsin.example.org"}, {"TOCSIN_LOG_FORMAT": "xml"}, {"TOCSIN_ADMIN_TOKEN": "short"},
        {"TOCSIN_INGEST_KEY": "é" * 20}, {"TOCSIN_SECRET_KEY": "x" * 300}, {"TOCSIN_TOKEN_FILE": "/nowhere/at/all"},
    ],
)  # fmt: skip
def test_a_wrong_value_names_itself(environment):
    [(name, value)] = environment.items()
    with pytest.raises(settings.WrongSetting, match=name) as wrong:
        settings.read(environment)
    if ("TOKEN" in name and "FILE" not in name) or name.endswith("KEY"):
        assert value not in str(wrong.value)


def test_secrets_do_not_show():
    shown = repr(settings.read({"TOCSIN_ADMIN_TOKEN": "a-token-of-sixteen", "OTHER_SECRET": "hunter2"}))

    assert "a-token-of-sixteen" not in shown and "hunter2" not in shown
