# SPDX-License-Identifier: Apache-2.0
"""libflow: events from sources through transactional channels to sinks, inside Python.

    import libflow

    with libflow.Library() as library:
        config = libflow.Config(library, "pipeline.conf")
        with libflow.Pipeline(config, "a1") as pipeline:
            pipeline.inlet("in").push(b"hello", {"from": "python"})
"""

from ._components import (Component, Context, Group, Interceptor, Property, Selector, Sink, Source,
                          register)
from ._client import Client
from ._components import Component, Context, Interceptor, Property, Sink, Source, register
from ._config import Config, Diagnostic
from ._consumers import Consumer, ConsumerInfo, Consumers, Letter
from ._errors import (AbiError, AlreadyExists, CallbackError, Closed, ConfigError, DeliveryError,
                      FlowError, Forked, Full, InvalidArgument, NotFound, OutOfMemory, ParseError,
                      PluginError, StateError, SystemFailure, TimedOut, TooBig)
from ._events import Batch, Event
from ._library import Library
from ._load import lib as _lib
from ._pipeline import Inlet, Pipeline

__version__: str = _lib.flow_version_string().decode()

__all__ = [
    "AbiError", "AlreadyExists", "Batch", "CallbackError", "Client", "Closed", "Component", "Config",
    "ConfigError", "Consumer", "ConsumerInfo", "Consumers", "Context", "DeliveryError", "Diagnostic", "Event", "FlowError", "Forked",
    "Full", "Group", "Inlet", "Interceptor", "InvalidArgument", "Letter", "Library", "NotFound", "OutOfMemory",
    "ParseError", "Pipeline", "PluginError", "Property", "Selector", "Sink", "Source", "StateError",
    "SystemFailure", "TimedOut", "TooBig", "register",
]
