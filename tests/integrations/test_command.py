"""A program of the runbook's list: run without a shell, and what its end means."""

from __future__ import annotations

import pytest

from tocsin import plugins
from tocsin.integrations import command
from tocsin.sdk import Acted, Program, Reject, Response

from .helpers import feed, over_socket
from .tools import told


def planned(wish):
    with pytest.raises(StopIteration) as end:
        next(command.plan(wish, {}))
    return end.value.value


def test_a_plan_shows_the_words_as_they_are_run():
    plan = planned(["systemctl", "restart", "my app", "$(id)"])

    assert "systemctl restart 'my app' '$(id)'" == plan.target
    assert ({"words": ["systemctl", "restart", "my app", "$(id)"]}, None) == (plan.parameters, plan.undo)
    assert "no way back" in plan.warnings[0]
    assert "hunter22" not in str(planned(["x", "--password=hunter22"]).steps)


@pytest.mark.parametrize("wish", [None, [], (), "rm -rf /", [""], ["a", "b\x00c"], {"a": 1}])
def test_what_is_no_list_of_words_is_refused(wish):
    assert isinstance(planned(wish), Reject)


@pytest.mark.parametrize(
    ("response", "acted"),
    [(Response(200, {"exit": "0"}, b"one\ntwo\n\n"), Acted("done", receipt="two")),
     (Response(200, {"exit": "0"}), Acted("done")),
     (Response(400, {"exit": "3"}, b"no such unit"), Acted("failed", "prog ended with 3: no such unit")),
     (Response(400, {"exit": "-9"}), Acted("failed", "prog ended with -9")),
     (Response(0, {"started": "no"}, error="prog could not be started: no such file"),
      Acted("failed", "prog could not be started: no such file")),
     (Response(0, error="no answer within 60 s"), Acted("unknown", "prog was ended: no answer within 60 s"))],
)  # fmt: skip
def test_what_its_end_means(response, acted):
    [program], found = feed(command.run({"words": ["prog", "a b"]}, {}), response)

    assert (acted, Program(("prog", "a b"), 60.0)) == (found, program)
    assert told(command.run({"words": ["prog", "a b"]}, {}), response) == found


def test_over_the_real_machine(tmp_path):
    mark = tmp_path / "it's here"
    plan = over_socket(command.plan(["touch", str(mark)], {}))

    assert ("", "done", True) == (
        over_socket(command.holds(plan.parameters, {})),
        over_socket(command.run(plan.parameters, {})).state,
        mark.exists(),
    )
    assert "failed" == over_socket(command.run({"words": ["no-such-program"]}, {})).state
    said = over_socket(command.run({"words": ["sh", "-c", "echo token=abc123def; exit 4"]}, {}))
    assert "sh ended with 4: token=[secret removed]" == said.why or "***" in said.why


def test_it_is_loaded_under_its_name():
    assert command.ACTOR is plugins.load().actors["command"]
