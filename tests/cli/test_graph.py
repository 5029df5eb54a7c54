# SPDX-License-Identifier: Apache-2.0
"""`flow graph`: an agent as text, for Mermaid and as a picture."""

import xml.etree.ElementTree as ElementTree

from conftest import DATA, run_flow

GROUPED = DATA / "confs" / "group2" / "flume-netcat-flume.conf"
SVG = "{http://www.w3.org/2000/svg}"


def test_text():
    result = run_flow("graph", "-n", "a1", "-f", GROUPED)
    assert result.status == 0
    assert result.out == ("agent a1\n"
                          "  channel c1 (memory)\n"
                          "  source r1 (netcat) to c1\n"
                          "  sink k1 (avro) from c1, in group g1\n"
                          "  sink k2 (avro) from c1, in group g1\n"
                          "  group g1 (load_balance) of k1, k2\n")


def test_mermaid():
    lines = run_flow("graph", "--format", "mermaid", GROUPED).out.splitlines()
    assert lines[0] == "flowchart LR"
    assert '  r0(["r1<br>netcat"])' in lines
    assert '  c0[("c1<br>memory")]' in lines
    assert "  r0 --> c0" in lines
    assert "  c0 --> k0" in lines
    assert "  c0 --> k1" in lines
    assert '  subgraph g0 ["g1<br>load_balance"]' in lines


SELECTED = """\
a.sources = r1 r2
a.channels = c1 c2
a.sources.r1.type = seq
a.sources.r1.channels = c1 c2
a.sources.r1.selector.type = multiplexing
a.sources.r2.type = seq
a.sources.r2.channels = c1
a.sources.r2.selector.type = Replicating
a.channels.c1.type = memory
a.channels.c2.type = memory
"""


def test_a_selector_is_shown_where_there_is_a_choice(tmp_path):
    conf = tmp_path / "a.conf"
    conf.write_text(SELECTED)
    lines = run_flow("graph", conf).out.splitlines()
    assert "  source r1 (seq) to c1, c2, by multiplexing" in lines
    assert "  source r2 (seq) to c1" in lines
    lines = run_flow("graph", "--format", "mermaid", conf).out.splitlines()
    assert '  r0(["r1<br>seq<br>by multiplexing"])' in lines
    assert '  r1(["r2<br>seq"])' in lines
    root = ElementTree.fromstring(run_flow("graph", "--format", "svg", conf).out)
    texts = [text.text for text in root.iter(f"{SVG}text")]
    assert texts.count("multiplexing") == 1


def test_svg_shows_every_component():
    out = run_flow("graph", "--format", "svg", GROUPED).out
    root = ElementTree.fromstring(out)
    texts = {text.text for text in root.iter(f"{SVG}text")}
    assert {"a1", "r1", "c1", "k1", "k2", "netcat", "memory", "avro", "g1"} <= texts
    assert len([path for path in root.iter(f"{SVG}path") if path.get("marker-end")]) == 3


def test_svg_keeps_odd_names_harmless(tmp_path):
    conf = tmp_path / "a.conf"
    conf.write_text("<a>.channels = c&\"\n<a>.channels.c&\".type = <b>\n")
    out = run_flow("graph", "--format", "svg", conf).out
    texts = {text.text for text in ElementTree.fromstring(out).iter(f"{SVG}text")}
    assert {"<a>", "c&\"", "<b>"} <= texts


def test_an_agent_of_sinks_alone_is_drawn(tmp_path):
    conf = tmp_path / "a.conf"
    conf.write_text("a.sinks = k1\na.sinks.k1.type = logger\na.sinks.k1.channel = c1\n")
    result = run_flow("graph", conf)
    assert (result.status, result.out) == (0, "agent a\n  sink k1 (logger) from c1\n")


def test_which_agent_must_be_clear(conf):
    conf.write_text(conf.read_text() + "b.channels = c1\n")
    result = run_flow("graph", conf)
    assert result.status == 2
    assert "say which agent is meant, with --name: there is a1, b" in result.err
    assert run_flow("graph", "-n", "b", conf).status == 0
    assert run_flow("graph", "-n", "c", conf).status == 2
    assert run_flow("graph", "--format", "png", "-n", "b", conf).status == 1
