"""The console: where pages go while nothing else is set up."""

from __future__ import annotations

from tocsin.integrations import console
from tocsin.sdk import Delivered

from .helpers import message, over_socket


def test_a_page_stands_there_with_its_link():
    lines = []
    verdict = over_socket(console.send(message(to="martijn"), {}), lines)

    assert Delivered("console", proven=True) == verdict
    assert lines[0].startswith("--- PAGE for martijn ---\n[P0] INC-1: down\n")
    assert "Acknowledge: http://tocsin.example.org/ack/1/2" in lines[0]


def test_a_text_is_shown_as_it_is():
    lines = []
    over_socket(console.send(message(to="alerts", plain=True, acknowledge_link="", text="**x**"), {}), lines)

    assert "--- message to alerts ---\n**x**\n" in lines[0]


def test_a_text_cannot_steer_the_terminal():
    lines = []
    over_socket(console.send(message(title="\x1b[2J\x9bred", text="a\rb\x07\u202ec"), {}), lines)

    assert "\n[2Jred\nabc\n" in lines[0]


def test_a_message_about_an_incident_has_its_link():
    lines = []
    over_socket(console.send(message(to="alerts", acknowledge_link=""), {}), lines)

    assert "http://tocsin.example.org/incidents/INC-1\n---" in lines[0]
