# SPDX-License-Identifier: Apache-2.0
"""Properties in their YAML form, as maps, numbers and truth values."""

from __future__ import annotations

SECTIONS = ("sources", "channels", "sinks", "sinkgroups", "configfilters")
TYPED_ITSELF = ("serializer", "deserializer", "handler")


def read_properties(text: str, comments: bool = False) -> dict[str, str]:
    """Keys and values of plain properties; without what looks like a comment behind a value."""
    pairs = {}
    for line in text.replace("\\\n", "").splitlines():
        line = line.strip()
        if not line or line[0] in "#!":
            continue
        key, _, value = line.partition("=")
        value = value.strip() if comments else value.split(" #")[0].strip()
        pairs[key.strip()] = value
    return pairs


def typed(value: str) -> object:
    """The value as YAML reads it where it stands without quotes."""
    if value in ("true", "false"):
        return value == "true"
    return int(value) if value.isdigit() and str(int(value)) == value else value


def put(settings: dict, key: str, value: object, nested: bool) -> None:
    """Puts a setting of a component in its place: one key, or a map for each part of the key."""
    parts = key.split(".") if nested else [key]
    for i, part in enumerate(parts[:-1]):
        below = settings.setdefault(part, {})
        if not isinstance(below, dict):
            if part not in TYPED_ITSELF:
                settings[".".join(parts[i:])] = value
                return
            below = settings[part] = {"type": below}
        settings = below
    settings[parts[-1]] = value


def component(pairs: dict[str, str], prefix: str, nested: bool) -> dict:
    """The settings below PREFIX; interceptors are maps by name."""
    settings: dict = {}
    below = {key[len(prefix):]: value for key, value in pairs.items() if key.startswith(prefix)}
    for name in below.pop("interceptors", "").split(" #")[0].split():
        one = component(below, f"interceptors.{name}.", nested)
        settings.setdefault("interceptors", {})[name] = one
    for key, value in below.items():
        if not key.startswith("interceptors."):
            put(settings, key, typed(value), nested)
    return settings


def yaml_form(pairs: dict[str, str], nested: bool) -> dict:
    """The agents of a configuration."""
    agents: dict = {}
    for key, value in pairs.items():
        agent, _, section = key.partition(".")
        if section not in SECTIONS:
            continue
        listed = agents.setdefault(agent, {}).setdefault(section, {})
        for name in value.split(" #")[0].split():
            listed[name] = component(pairs, f"{agent}.{section}.{name}.", nested)
    return agents
