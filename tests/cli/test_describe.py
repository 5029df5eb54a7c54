# SPDX-License-Identifier: Apache-2.0
"""`flow describe`: every type has a form for people, one for programs and one for editors."""

import json

import pytest
from conftest import run_flow


def test_all_types_are_listed():
    lines = run_flow("describe").out.splitlines()
    assert "source netcat" in lines
    assert "channel memory" in lines
    assert "sink logger" in lines


def test_every_type_has_a_summary():
    for block in run_flow("describe").out.split("\n    "):
        assert block.count("\n") <= 1, block


def test_one_kind_is_listed():
    for word in ("channel", "channels"):
        out = run_flow("describe", word).out
        assert "channel memory\n" in out
        assert "netcat" not in out


def test_one_type_is_described():
    for words in (["source", "netcat"], ["netcat"], ["org.apache.flume.source.NetcatSource"]):
        out = run_flow("describe", *words).out
        assert out.startswith("source netcat\n")
        assert "  max-line-length\n      number" in out
        assert "required" in out


@pytest.mark.parametrize(("words", "message"), [
    (["source", "netcta"], "did you mean 'netcat'?"),
    (["nothing"], "there is no kind or type 'nothing'"),
    (["fish", "netcat"], "there is no kind 'fish'"),
    (["a", "b", "c"], "unexpected argument 'c'"),
    (["--format", "xml"], "--format is text, json or yaml-schema"),
])
def test_wrong_words_are_refused(words, message):
    result = run_flow("describe", *words)
    assert result.status == 1
    assert message in result.err


def test_json_has_every_property():
    types = json.loads(run_flow("describe", "--format", "json").out)
    netcat = [one for one in types if one["type"] == "netcat"][0]
    port = [one for one in netcat["properties"] if one["name"] == "port"][0]
    assert port["type"] == "number"
    assert port["required"] is True
    assert (port["min"], port["max"]) == (port["min"], 65535)
    assert all(one["help"] for kind in types for one in kind["properties"])
