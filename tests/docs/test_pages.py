# SPDX-License-Identifier: Apache-2.0
"""The manual is whole: a page for all there is, and on each page what its subject has."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import BUILD, PAGES, README, ROOT, described, flow, section, text_of, unescape

import headers
import libflow
from components import snippet

FUNCTIONS = [item for item in headers.read_all(ROOT / "include") if item.kind == "function"]
TYPES = described()
RUNNING = {"source": "r1", "channel": "c1", "sink": "k1", "group": "g1"}  # as the snippets call them


def page_of(info: dict) -> str:
    return f"flow-{info['kind']}-{info['type'].lower()}.5"


# ---- functions ----


def test_every_exported_function_has_a_page() -> None:
    library = BUILD / "lib/libflow.so.1"
    printed = subprocess.run(["nm", "-D", "--defined-only", library], check=True,
                             capture_output=True, text=True).stdout
    exported = set(re.findall(r" T (flow_\w+)", printed))
    assert exported, "nm found nothing"
    assert not {name for name in exported if f"{name}.3" not in PAGES}


@pytest.mark.parametrize("item", FUNCTIONS, ids=lambda item: item.name)
def test_a_function_says_what_its_caller_must_know(item: headers.Item) -> None:
    assert item.tags.get("Since"), "no Since"
    assert item.paragraphs and item.paragraphs[0].endswith((".", ":")), "no sentence"
    parameters = item.code.split("(", 1)[1]
    waits = re.search(r"\b(timeout_ms|wait_ms)\b", parameters)
    reads = re.search(r"\*(path|folders?)\b", parameters)
    assert not (waits or reads) or "Blocks" in item.tags, "it may take long and does not say so"
    assert item.name in unescape(section(f"{item.name}.3", "SYNOPSIS"))


# ---- component types ----


def test_every_type_has_a_page() -> None:
    assert {page_of(info) for info in TYPES} == {
        page for page in PAGES if re.fullmatch(r"flow-\w+-\w+\.5", page)}


@pytest.mark.parametrize("info", TYPES, ids=page_of)
def test_a_page_has_every_property(info: dict) -> None:
    rows = unescape(section(page_of(info), "PROPERTIES")).split("\n.TP\n")[1:]
    assert [row.split("\n")[0].removesuffix("NAME") for row in rows] == \
        [prop["name"] for prop in info["properties"]]
    for prop, row in zip(info["properties"], rows):
        words = " ".join(row.split())
        assert prop["help"].replace("`", "") in words, prop["name"]
        for fact in (prop.get("default") or "", *prop.get("aliases", "").split("|")):
            assert fact in words, f"{prop['name']}: {fact}"
        assert ("required" in words) >= bool(prop.get("required")), prop["name"]


@pytest.mark.parametrize("info", TYPES, ids=page_of)
def test_a_schema_speaks_in_sentences(info: dict) -> None:
    texts = [info["summary"], *info.get("description", "X.").split("\n\n")]
    for text in texts + [prop["help"] for prop in info["properties"]]:
        assert text.endswith(".") and text[0].isupper(), text


def test_readme_names_every_type() -> None:
    table = re.search(r"## What there is\n(.*?)\n\n[A-Z]", README, re.S).group(1)
    named = set(re.findall(r"`(\w+)`", table))
    assert named == {info["type"] for info in TYPES}


def started(info: dict, folder: Path, library: libflow.Library) -> libflow.Pipeline:
    """A running pipeline with a component of the type INFO, which reads and writes in FOLDER."""
    text = snippet(info).replace("port = 44444", "port = 0")
    text = re.sub(r"hdfs://[\w:]+/", f"file://{folder}/", text)
    text = re.sub(r"/var/\w+/", f"{folder}/", text)
    config = libflow.Config(library)
    config.parse(text)
    pipeline = libflow.Pipeline(config, "a1")
    if info["type"] == "outlet":
        pipeline.outlet("k1", lambda events: None)
    pipeline.start()
    return pipeline


@pytest.mark.parametrize("info", [one for one in TYPES if one["kind"] in RUNNING], ids=page_of)
def test_counters_are_those_of_the_component(info: dict, tmp_path: Path,
                                             monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "flume").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path))  # where state goes by default
    with libflow.Library() as library:
        pipeline = started(info, tmp_path, library)
        counters = pipeline.metrics()[RUNNING[info["kind"]]]
        pipeline.close()
    assert sorted(counters) == sorted(
        re.findall(r"^\.B (\w+)$", section(page_of(info), "COUNTERS"), re.M))


# ---- the command ----


def options_of_help() -> set[str]:
    return set(re.findall(r"(?<![\w-])(--[a-z][\w-]*|-[a-z](?=,)|-D)", flow("help").stdout))


def options_of_page() -> set[str]:
    tags = re.findall(r"^\.TP\n\.BR? (\\-.*)$", section("flow.1", "OPTIONS"), re.M)
    return {option for tag in tags
            for option in re.findall(r"(?:^| )(-D|-[a-z]\b|--[\w-]+)", unescape(tag))}


def test_the_page_has_the_options_of_the_help() -> None:
    assert options_of_help() == options_of_page()
    assert len(options_of_help()) > 20


def test_the_page_has_the_commands_of_the_help() -> None:
    commands = re.search(r"commands:\n(.*?)\n\n", flow("help").stdout, re.S).group(1)
    assert re.findall(r"^  ([\w-]+)", commands, re.M) == \
        re.findall(r"^\.TP\n\.B ([\w-]+)$", unescape(section("flow.1", "COMMANDS")), re.M)


# ---- all pages ----


def references(text: str) -> set[str]:
    """The pages that TEXT refers to, as "name.section"."""
    text = re.sub(r"^\.BR? (\S+) \((\d)\)", r"\1(\2)", unescape(text), flags=re.M)
    return {f"{name}.{number}" for name, number in re.findall(r"([\w.-]+)\((\d)\)", text)}


@pytest.mark.parametrize("page", sorted(PAGES))
def test_references_lead_somewhere(page: str) -> None:
    outside = {"abidiff.1"}
    assert not references(text_of(page)) - set(PAGES) - outside


def test_pages_are_of_this_version() -> None:
    version = flow("version").stdout.split()[1]
    assert not [page for page in PAGES if page != "flume-ng.1"
                and f'"libflow {version}"' not in text_of(page).split("\n")[0]]


def test_readme_leads_somewhere() -> None:
    assert not references(README) - set(PAGES)
    links = re.findall(r"\]\(([^)#]+)\)", README)
    assert links
    assert not [link for link in links if "://" not in link and not (ROOT / link).exists()]


@pytest.mark.parametrize("command", [["groff", "-man", "-ww", "-z", "-Tutf8"],
                                     ["mandoc", "-Tlint", "-Wwarning"]], ids=lambda c: c[0])
def test_pages_are_sound(command: list[str]) -> None:
    if not shutil.which(command[0]):
        pytest.skip(f"{command[0]} is not installed")
    pages = [str(page) for name, page in PAGES.items() if name != "flume-ng.1"]
    done = subprocess.run([*command, *pages], capture_output=True, text=True, check=False)
    assert (done.stdout + done.stderr, done.returncode) == ("", 0)
