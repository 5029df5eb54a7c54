# SPDX-License-Identifier: Apache-2.0
"""`flow describe --format yaml-schema`: it refuses what `flow check` refuses, and nothing else."""

from __future__ import annotations

import copy
import itertools
import json
import os
import re
import sys

import pytest
from conftest import DATA, run_flow
from yaml_form import read_properties, yaml_form

jsonschema = pytest.importorskip("jsonschema")
yaml = pytest.importorskip("yaml")

ROOT = DATA.parent.parent
sys.path.insert(0, str(ROOT / "man"))
sys.dont_write_bytecode = True
from components import snippet  # noqa: E402

PLUGINS = ["--plugins-path", os.environ["FLOW_TEST_PLUGINS"]]
SCHEMA = json.loads(run_flow("describe", "--format", "yaml-schema", *PLUGINS).out)
VALIDATOR = jsonschema.Draft7Validator(SCHEMA)
TYPES = [info for info in json.loads(run_flow("describe", "--format", "json").out)
         if info["kind"] != "client"]  # which is no part of an agent
CONFS = sorted(DATA.glob("confs/**/*.conf"))


def faults(model: object) -> list[str]:
    return [f"{'.'.join(map(str, one.path))}: {one.message}"
            for one in VALIDATOR.iter_errors(model)]


def accepted(model: object) -> bool:
    return not faults(model)


class Dumper(yaml.SafeDumper):
    """Leaves nothing empty, as people do: to the check a null in words is a text."""


Dumper.add_representer(type(None),
                       lambda dumper, _: dumper.represent_scalar("tag:yaml.org,2002:null", ""))


def checked(tmp_path, model: object) -> tuple[int, str]:
    """What `flow check` says to the same configuration."""
    path = tmp_path / "a.yaml"
    path.write_text(yaml.dump(model, Dumper=Dumper, sort_keys=False))
    result = run_flow("check", path, *PLUGINS)
    return result.status, result.out + result.err


def expect_same(tmp_path, model: object, valid: bool) -> None:
    """The schema and the check are of one mind, and it is the one that is expected."""
    status, text = checked(tmp_path, model)
    assert (status == 0) == valid, f"{text}\n{model}"
    assert accepted(model) == valid, f"{faults(model)}\n{text}\n{model}"


def test_it_is_a_schema():
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "http://json-schema.org/draft-07/schema#"


def references(schema: object) -> set[str]:
    if isinstance(schema, list):
        return set().union(*map(references, schema))
    if not isinstance(schema, dict):
        return set()
    found = set().union(*map(references, schema.values()))
    return found | ({schema["$ref"]} if "$ref" in schema else set())


def test_every_definition_is_used_and_every_reference_defined():
    used = {ref.removeprefix("#/definitions/") for ref in references(SCHEMA)}
    defined = set(SCHEMA["definitions"])
    assert used <= defined
    # A type that nothing names by itself is found by the name of its kind.
    assert not {key for key in defined - used if key.split(".")[0] not in {"part", "type", "group"}}


def test_every_type_and_property_is_in_it():
    for info in TYPES:
        text = json.dumps(SCHEMA["definitions"][f"{info['kind']}.{info['type']}"])
        names = json.dumps(SCHEMA["definitions"][f"type.{info['kind']}"])
        assert f'"const": "{info["type"]}"' in names
        for prop in info["properties"]:
            for name in (prop["name"], *prop.get("aliases", "").split("|")):
                shown = name.replace(".", "[.]") if prop.get("prefix") else name
                assert json.dumps(shown)[1:-1] in text, f"{info['type']}: {name}"
            assert json.dumps(prop["help"])[1:-1] in text
            for choice in prop.get("choices", "").split("|"):
                assert choice.startswith("org.apache.") or json.dumps(choice) in text or not choice


# ---- configurations that are there ----


@pytest.mark.parametrize("nested", [False, True], ids=["dotted", "nested"])
@pytest.mark.parametrize("comments", [False, True], ids=["plain", "comments"])
@pytest.mark.parametrize("path", CONFS, ids=lambda path: path.stem)
def test_sample_configurations(tmp_path, path, comments, nested):
    model = yaml_form(read_properties(path.read_text(), comments), nested)
    status, text = checked(tmp_path, model)
    # Some need a type that nobody registered here; such a one is all that may be wrong.
    wrong = [line for line in text.splitlines() if ": error: " in line]
    assert all(re.search("unknown .* type", line) for line in wrong), text
    assert accepted(model) == (status == 0), f"{faults(model)}\n{text}"


def test_enough_samples_are_sound(tmp_path):
    sound = [path for path in CONFS
             if accepted(yaml_form(read_properties(path.read_text()), True))]
    assert len(sound) >= 3


@pytest.mark.parametrize("nested", [False, True], ids=["dotted", "nested"])
@pytest.mark.parametrize("info", TYPES, ids=lambda info: f"{info['kind']}-{info['type']}")
def test_examples_of_the_manual(info, nested):
    model = yaml_form(read_properties(snippet(info)), nested)
    assert accepted(model), f"{faults(model)}\n{model}"


def test_the_example_of_flow_conf():
    page = (ROOT / "man/man5/flow.conf.5").read_text()
    text = re.search(r"^\.nf\n(a1:\n.*?)^\.fi", page, re.M | re.S).group(1)
    assert accepted(yaml.safe_load(text))
    assert accepted({"agents": yaml.safe_load(text)})


# ---- properties ----

# Where the properties of a kind stand in the snippets of the manual.
PLACES = {
    "source": ("sources", "r1"), "channel": ("channels", "c1"), "sink": ("sinks", "k1"),
    "interceptor": ("sources", "r1", "interceptors", "i1"), "selector": ("sources", "r1"),
    "group": ("sinkgroups", "g1"), "filter": ("configfilters", "f1"), "serializer": ("sinks", "k1"),
}
PREFIXES = {"selector": "selector.", "group": "processor.", "serializer": "sink.serializer."}
LEAST, GREATEST = -2**63, 2**63 - 1


def example(tmp_path, info: dict) -> tuple[dict, dict, str]:
    """A sound configuration with the type, the map of its properties and what they begin with."""
    for folder in ("spool", "lib"):
        (tmp_path / folder / "flume").mkdir(parents=True, exist_ok=True)
    text = re.sub(r"/var/(\w+)/", rf"{tmp_path}/\1/", snippet(info))
    model = yaml_form(read_properties(re.sub(r"hdfs://[\w:]+/", f"file://{tmp_path}/", text)), False)
    place = model["a1"]
    for key in PLACES[info["kind"]]:
        place = place[key]
    return model, place, PREFIXES.get(info["kind"], "")


def wrong_values(prop: dict) -> list:
    """What the property does not take."""
    if prop["type"] == "number":
        least, greatest = prop.get("min", LEAST), prop.get("max", GREATEST)
        numbers = [number for number in (least - 1, greatest + 1) if LEAST <= number <= GREATEST]
        return ["x", "1x", "0x10", 1.5, True, *numbers, *map(str, numbers), str(greatest + 1)]
    return {"choice": ["nonsense", 5], "host": ["a b", "a/b"], "charset": ["no charset", "!"],
            "type": ["nonsense"]}.get(prop["type"], [])


def right_values(prop: dict) -> list:
    """What it takes: its default as it is and as text, its limits, names in any case."""
    values: list = [None] if not prop.get("required") else []
    default = prop.get("default")
    if prop["type"] == "number":
        least, greatest = prop.get("min", LEAST), prop.get("max", GREATEST)
        values += [least, greatest, str(greatest), f" {least} # least",
                   f"${{env:NONE_OF_TEST:-{max(least, 50)}}}"]
    elif prop["type"] == "true|false":
        values += [True, False, "TRUE", "false", "sometimes"]
    elif prop["type"] == "choice":
        choices = prop["choices"].split("|")
        values += [*choices, choices[0].upper(), choices[0].lower(), f"{choices[-1]}  # why"]
    elif prop["type"] == "type":
        names = [name for info in TYPES if info["kind"] == prop["kind"]
                 for name in (info["type"], info["aliases"].split("|")[0]) if name]
        values += [*names, names[0].swapcase()]
    elif prop["type"] == "host":
        values += ["localhost", "127.0.0.1", "::1"]
    return values + ([default] if default else [])


# What a value means is known to the component alone, and these are of no use to it.
UNUSABLE = {
    ("source", "avro"): {"ssl", "ipFilter"},
    ("source", "thrift"): {"ssl", "kerberos"},
    ("channel", "memory"): {"capacity", "transactionCapacity"},
    ("channel", "file"): {"capacity", "transactionCapacity", "useDualCheckpoints"},
    ("channel", "spillablememory"): {"overflowCapacity", "transactionCapacity",
                                     "useDualCheckpoints"},
    ("sink", "avro"): {"client.type"},
    ("sink", "thrift"): {"kerberos"},
    ("sink", "hdfs"): {"hdfs.fileType", "hdfs.writeFormat", "hdfs.codeC", "serializer"},
    ("serializer", "AVRO_DATUM"): {"compressionCodec"},
    ("serializer", "AVRO_EVENT"): {"compressionCodec"},
}

PROPERTIES = [(info, prop) for info in TYPES for prop in info["properties"]
              if not prop.get("prefix") and not prop.get("noEffect")]


@pytest.mark.parametrize(("info", "prop"), PROPERTIES,
                         ids=lambda one: one.get("name", one.get("type")))
def test_properties(tmp_path, info, prop):
    model, place, prefix = example(tmp_path, info)
    expect_same(tmp_path, model, True)
    name = prefix + prop["name"]
    before = copy.deepcopy(place)
    for value in wrong_values(prop):
        place[name] = value
        expect_same(tmp_path, model, bool(prop.get("lenient")))
    for value in right_values(prop):
        place[name] = value
        status, text = checked(tmp_path, model)
        assert accepted(model), f"{value}: {faults(model)}"
        usable = prop["name"] not in UNUSABLE.get((info["kind"], info["type"]), ())
        assert status == 0 or not usable, f"{value}: {text}"
    place.clear()
    place.update(before)
    if prop.get("required"):
        for nothing in (None, ""):
            place[name] = nothing
            expect_same(tmp_path, model, False)
        del place[name]
        expect_same(tmp_path, model, False)


def test_every_type_is_tried():
    tried = {(info["kind"], info["type"]) for info, _ in PROPERTIES}
    assert len(tried) > 15


# ---- ways to write a name ----


SINK = {"type": "file_roll", "channel": "c1"}
WAYS = [
    ({"sink.directory": "/tmp"}, True),
    ({"sink": {"directory": "/tmp"}}, True),
    ({"sink": {"directory": None}}, False),
    ({"sink": {"rollInterval": 5}}, False),
    ({"sink": "/tmp"}, False),
    ({"sink": {"directory": "/tmp", "rollInterval": "x"}}, False),
    ({"sink": {"directory": "/tmp"}, "sink.rollInterval": "x"}, False),
    ({"sink.directory": "/tmp", "sink.serializer": "text"}, True),
    ({"sink.directory": "/tmp", "sink.serializer": "txt"}, False),
    ({"sink.directory": "/tmp", "sink.serializer": {"type": "TEXT", "appendNewline": True}}, True),
    ({"sink.directory": "/tmp", "sink.serializer": {"type": "txt"}}, False),
    ({"sink.directory": "/tmp", "sink": {"serializer": {"type": "txt"}}}, False),
    ({"sink.directory": "/tmp",
      "sink.serializer": {"type": "avro_event", "syncIntervalBytes": 31}}, False),
    ({"sink.directory": "/tmp", "sink.serializer": {"syncIntervalBytes": 31}}, True),
    ({"sink.directory": "/tmp", "sink.serializer": "avro_event",
      "sink.serializer.syncIntervalBytes": 31}, False),
    ({"sink.directory": "/tmp", "sink.serializer": "AVRO_EVENT",
      "sink.serializer.syncIntervalBytes": 32}, True),
    ({"sink.directory": "/tmp", "sink.serializer.syncIntervalBytes": 31}, True),
    ({"sink": {"directory": "/tmp", "serializer": "avro_event",
               "serializer.syncIntervalBytes": 31}}, False),
    ({"sink": {"directory": "/tmp", "pathManager": "rolltime", "pathManager.prefix": "x"}}, True),
    ({"sink": {"directory": "/tmp", "pathManager": {"prefix": "x"}}}, True),
    ({"sink": {"directory": "/tmp", "pathManager": "x"}}, False),
    ({"sink.directory": "/tmp", "unknown": {"a": [1]}, "un.known": 2}, True),
]


def agent(**sections) -> dict:
    """A whole configuration, but for SECTIONS sound and as short as can be."""
    source = {"type": "seq", "channels": ["c1"]}
    whole = {"sources": {"r1": source}, "channels": {"c1": {"type": "memory"}},
             "sinks": {"k1": {"type": "null", "channel": "c1"}}}
    whole.update(sections)
    return {"a1": whole}


@pytest.mark.parametrize(("settings", "valid"), WAYS)
def test_names_are_written_in_many_ways(tmp_path, settings, valid):
    expect_same(tmp_path, agent(sinks={"k1": SINK | settings}), valid)


def with_source(**settings) -> dict:
    return agent(sources={"r1": {"type": "seq", "channels": "c1"} | settings})


SHAPES = [
    (agent(), True),
    ({"agents": agent()}, True),
    ({"agents": 5} | agent(), True),
    ({"base": "/tmp", "some.key": [1, 2], "more": {"of": "it"}} | agent(), True),
    ({}, False),
    (agent(channels=None), False),
    (agent(channels={}), False),
    (agent(sources={}, sinks={}), False),
    (agent(sources={}), True),
    (agent(sinks=None), True),
    (agent(channels={"c.1": {"type": "memory"}}), False),
    (agent(channels={"c 1": {"type": "memory"}}), False),
    (agent(channels={"c1": "memory"}), False),
    (agent(channels={"c1": None}), False),
    (agent(channels={"c1": {"capacity": 10}}), False),
    (agent(channels={"c1": {"type": None}}), False),
    (agent(channels={"c1": {"type": "MEMORY", "capacity": "many"}}), True),
    (agent(channels={"c1": {"type": "org.apache.flume.channel.MemoryChannel"}}), True),
    (agent(channels={"c1": {"type": "${env:NONE_OF_TEST:-memory}", "x": 1}}), True),
    (agent(sinks={"k1": {"type": "null"}}), False),
    (agent(sinks={"k1": {"type": "null", "channel": "c1 c2"}}), False),
    (agent(sinks={"k1": {"type": "null", "channel": ["c1"]}}), True),
    (agent(sinks={"k1": {"type": "null", "channel": ["c1", "c2"]}}), False),
    (agent(sinks={"k1": {"type": "null", "channel": "c1 # the first"}}), True),
    (agent(sinks={"k1": {"type": "null", "channel": "c1", "config": "x.Y"}}), True),
    (agent(more={"unknown": 1}), True),
    # the source's common properties, selector and interceptors
    (with_source(channels=None), False),
    (with_source(channels=["c1", "c1"]), True),
    (with_source(channels=["c1 c1"]), False),
    (with_source(backoffSleepIncrement=0, maxBackoffSleep="50"), True),
    (with_source(maxBackoffSleep=-1), False),
    (with_source(selector={"type": "replicating", "optional": ["c1"]}), True),
    (with_source(selector={"optional": "c1"}), True),
    (with_source(selector={"type": "replicated"}), False),
    (with_source(**{"selector.type": "replicating", "selector.optional": "c1"}), True),
    (with_source(**{"selector.type": "x"}), False),
    (with_source(selector="replicating"), True),
    (with_source(interceptors={"i1": {"type": "timestamp", "preserveExisting": True}}), True),
    (with_source(interceptors={"i1": {"type": "timestamp"}, "i2": {"type": "host"}}), True),
    (with_source(interceptors={"i1": {"type": "tomestamp"}}), False),
    (with_source(interceptors={"i1": {}}), False),
    (with_source(interceptors={"i1": {"preserveExisting": True}}), False),
    (with_source(interceptors={"i.1": {"type": "host"}}), False),
    (with_source(interceptors=None), True),
    (with_source(**{"interceptors": "i1", "interceptors.i1": {"type": "host"}}), True),
    (with_source(**{"interceptors": ["i1"], "interceptors.i1": {"type": "hots"}}), False),
    (with_source(**{"interceptors": "i1", "interceptors.i1.type": "host"}), True),
    # groups
    (agent(sinkgroups={"g1": {"sinks": "k1", "processor": {"type": "default"}}}), True),
    (agent(sinkgroups={"g1": {"sinks": ["k1"], "processor.type": "DEFAULT"}}), True),
    (agent(sinkgroups={"g1": {"sinks": "k1"}}), False),
    (agent(sinkgroups={"g1": {"sinks": "k1", "processor": {}}}), False),
    (agent(sinkgroups={"g1": {"sinks": "k1", "processor": {"type": "defualt"}}}), False),
    (agent(sinkgroups={"g1": {"sinks": "k1", "processor.type": "defualt"}}), False),
    (agent(sinkgroups={"g1": {"processor": {"type": "default"}}}), False),
    (agent(sinkgroups={"g1": {"sinks": [], "processor": {"type": "default"}}}), False),
    # config filters
    (agent(configfilters={"f": {"type": "env"}}), True),
    (agent(configfilters={"f": {"type": "environment"}}), False),
    (agent(configfilters={"f": {"type": "external", "command": "echo"}}), True),
    (agent(configfilters={"f": {"type": "external"}}), False),
    (agent(configfilters={"f": {"type": "external", "command": ["echo", "-n"]}}), True),
    (agent(configfilters={"f": {"type": "external", "command": "x", "charset": "x"}}), False),
    # names with dots further up
    ({"a1": {"sources": "r1", "sources.r1": {"type": "seq", "channels": "c1"},
             "channels": "c1", "channels.c1": {"type": "memory"}}}, True),
    ({"a1": {"sources": "r1", "sources.r1": {"type": "sek", "channels": "c1"},
             "channels": "c1", "channels.c1": {"type": "memory"}}}, False),
    ({"a1.sources": "r1", "a1.sources.r1": {"type": "seq", "channels": "c1"},
      "a1.channels": {"c1": {"type": "memory"}}}, True),
    ({"a1.sources": "r1", "a1.sources.r1": {"type": "seq", "channels": "c1"},
      "a1.channels": {"c1": {"type": "memroy"}}}, False),
    ({"a1.sources": "r1", "a1.sources.r1.type": "seq", "a1.sources.r1.channels": "c1",
      "a1.channels": "c1", "a1.channels.c1.type": "memory"}, True),
]


@pytest.mark.parametrize(("model", "valid"), SHAPES,
                         ids=[f"{i}-{'valid' if one[1] else 'wrong'}"
                              for i, one in enumerate(SHAPES)])
def test_shapes(tmp_path, model, valid):
    expect_same(tmp_path, model, valid)


DESERIALIZERS = itertools.product(({"deserializer": "LINE", "deserializer.maxLineLength": 5},
                                   {"deserializer": {"type": "line", "maxLineLength": 5}},
                                   {"deserializer": {"maxLineLength": 5}}),
                                  ((5, True), (0, False), ("x", False)))


@pytest.mark.parametrize(("settings", "change"), DESERIALIZERS)
def test_a_deserializer_is_a_map_or_a_word(tmp_path, settings, change):
    settings = copy.deepcopy(settings)
    place = settings["deserializer"] if isinstance(settings["deserializer"], dict) else settings
    place[[key for key in place if "maxLineLength" in key][0]] = change[0]
    source = {"type": "spooldir", "spoolDir": str(tmp_path), "channels": "c1"} | settings
    expect_same(tmp_path, agent(sources={"r1": source}), change[1])


def test_a_wrong_deserializer(tmp_path):
    source = {"type": "spooldir", "spoolDir": str(tmp_path), "channels": "c1"}
    for wrong in ("lines", {"type": "lines"}):
        expect_same(tmp_path, agent(sources={"r1": source | {"deserializer": wrong}}), False)


def test_words_that_yaml_takes_for_truth_need_no_quotes(tmp_path):
    text = yaml.safe_dump(odd(level="on")).replace("'on'", "on")
    assert yaml.safe_load(text)["a1"]["sources"]["r1"]["level"] is True
    (tmp_path / "a.yaml").write_text(text)
    assert run_flow("check", tmp_path / "a.yaml", *PLUGINS).status == 0
    assert accepted(yaml.safe_load(text))


def test_the_sink_null_needs_no_quotes(tmp_path):
    text = yaml.safe_dump(agent()).replace("'null'", "null")
    (tmp_path / "a.yaml").write_text(text)
    assert run_flow("check", tmp_path / "a.yaml").status == 0
    assert "type: null" in text and accepted(yaml.safe_load(text))
    wrong = yaml.safe_load(text.replace("type: null", "type: null\n      batchSize: 0"))
    assert not accepted(wrong)


# ---- all that a type of somebody else may have ----

ODD = {"type": "odd/type~100%", "channels": "c1", "portNumber": 5, "filegroups": {"f1": "/a"},
       "serializer": "text"}


def odd(without: str = "", **settings) -> dict:
    source = {key: value for key, value in (ODD | settings).items() if key != without}
    return agent(sources={"r1": source})


ODDITIES = [
    (odd(), True),
    (odd(type="COM.example.odd$type[1]^"), True),
    (odd(type="com.example.OddXType[1]^"), False),
    (odd("portNumber"), False),
    (odd("portNumber", **{"port-number": -5}), True),
    (odd("portNumber", **{"port-number": -6}), False),
    (odd("portNumber", **{"port.number": "+03"}), True),
    (odd("portNumber", port={"number": "-5 # least"}), True),
    (odd("portNumber", port={"number": "-6"}), False),
    (odd("portNumber", port={"numbre": 5}), False),
    (odd("filegroups"), False),
    (odd(filegroups="f1 f2"), True),
    (odd(filegroups=["f1"], **{"filegroups.f1": "/a"}), True),
    (odd(filegroups={}), False),
    (odd(filegroups={"f.1": "/a"}), False),
    (odd(filegroups={"f1": ["/a", "/b"]}), True),
    (odd(**{"kafka.consumer.max.poll": 5}), True),
    (odd(kafka={"consumer": {"max": {"poll": 5}, "group.id": 9}}), True),
    (odd(kafka={"consumer.group": {"id": 10}}), False),
    (odd(**{"kafka.consumer": {"group.id": 0}}), False),
    (odd(**{"kafka.consumer.group.id": "10"}), False),
    (odd(level=2), True),
    (odd(level="Off"), True),
    (odd(level="of"), False),
    (odd("serializer"), False),
    (odd(serializer={"appendNewline": False}), False),
    (odd(serializer={"type": "avro_event", "syncIntervalBytes": 5}), False),
    (odd(**{"serializer.appendNewline": False}), True),
    (odd(**{"body.format": "text", "body.format.syncIntervalBytes": 5}), True),
    (odd(**{"body.format.syncIntervalBytes": 5}), False),
    (odd(body={"format": {"syncIntervalBytes": 5}}), False),
    (odd(body={"format": {"syncIntervalBytes": 32}}), True),
    (odd(old="anything"), True),
    (odd(old=5), True),
    (odd(selector={"type": "mapped"}), False),
    (odd(selector={"type": "mapped", "header": "h", "mapping": {"x": ["c1"]}}), True),
    (odd(**{"selector.type": "mapped"}), False),
    (odd(**{"selector.type": "mapped", "selector.header": "h", "selector.mapping.x.y": "c1"}), True),
    (odd(**{"selector.header": "h"}), True),
]


def ranked(**settings) -> dict:
    return agent(sinkgroups={"g1": {"sinks": "k1"} | settings})


RANKED = [
    (ranked(processor={"type": "ranked"}), False),
    (ranked(processor={"type": "ranked", "first": "k1"}), True),
    (ranked(processor={"type": "Ranked", "first": "k1", "priority": {"k1": 9}}), True),
    (ranked(processor={"type": "ranked", "first": "k1", "priority": {"k1": 10}}), False),
    (ranked(processor={"type": "ranked", "first": "k1", "priority.k1": "10"}), False),
    (ranked(**{"processor.type": "ranked"}), False),
    (ranked(**{"processor.type": "ranked", "processor.first": "k1"}), True),
    (ranked(**{"processor.type": "ranked", "processor.first": "k1",
               "processor.priority.k1": 10}), False),
    (ranked(**{"processor.type": "ranked", "processor.first": "k1",
               "processor.priority": {"k1": 10}}), False),
]


@pytest.mark.parametrize(("model", "valid"), ODDITIES + RANKED,
                         ids=[f"{i}-{'valid' if one[1] else 'wrong'}"
                              for i, one in enumerate(ODDITIES + RANKED)])
def test_all_that_a_type_may_have(tmp_path, model, valid):
    expect_same(tmp_path, model, valid)
