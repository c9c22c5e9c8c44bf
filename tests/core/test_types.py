"""Identifiers, and how instants are written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from tocsin.core import types

NOW = datetime(2026, 11, 23, 9, 2, tzinfo=UTC)


def test_a_uuid7_holds_its_time_and_is_the_same_for_the_same_names():
    one = UUID(types.uuid7(NOW, "page", 1))

    assert (7, "specified in RFC 4122") == (one.version, one.variant)
    assert int(NOW.timestamp() * 1000) == one.int >> 80
    assert str(one) == types.uuid7(NOW, "page", 1) != types.uuid7(NOW, "page", 2)
    assert types.uuid7(NOW, "x") < types.uuid7(NOW + timedelta(milliseconds=1), "a")


@pytest.mark.parametrize(("name", "number"), [("INC-42", 42), ("inc-7", 7), ("12", 12)])
def test_incidents_are_named_in_three_ways(name, number):
    assert number == types.incident_number(name)
    assert f"INC-{number}" == types.incident_name(number)


@pytest.mark.parametrize("name", ["", "INC-", "x", "-1", "1e3", "٣", "9" * 30, "1;drop"])
def test_what_names_no_incident_is_not_found(name):
    with pytest.raises(types.Refused) as refused:
        types.incident_number(name)
    assert 404 == refused.value.status


def test_instants_are_rfc_3339_with_z():
    assert "2026-11-23T09:02:00Z" == types.instant_text(NOW)
    assert types.instant_text(None) is None
