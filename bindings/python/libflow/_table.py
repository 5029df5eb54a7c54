# SPDX-License-Identifier: Apache-2.0
"""The C interface as ctypes sees it.  Made from the headers by ../make-table; do not edit."""

from __future__ import annotations

import ctypes as C
from typing import Any

FLOW_READY = 0
FLOW_BACKOFF = 1
FLOW_PENDING = 2
FLOW_KIND_SOURCE = 1
FLOW_KIND_CHANNEL = 2
FLOW_KIND_SINK = 3
FLOW_KIND_INTERCEPTOR = 4
FLOW_KIND_SELECTOR = 5
FLOW_KIND_GROUP = 6
FLOW_KIND_SERIALIZER = 7
FLOW_KIND_FILTER = 8
FLOW_KIND_CLIENT = 9
FLOW_CHANNEL_REUSES = 1
FLOW_FORMAT_PROPERTIES = 1
FLOW_FORMAT_YAML = 2
FLOW_SEVERITY_ERROR = 1
FLOW_SEVERITY_WARNING = 2
FLOW_CONSUMER_NAME = 64
FLOW_START_EARLIEST = 1
FLOW_START_LATEST = 2
FLOW_START_OFFSET = 3
FLOW_START_TIME = 4
FLOW_BEHIND_SKIP = 1
FLOW_BEHIND_BLOCK = 2
FLOW_CONSUMER_PAUSED = 1
FLOW_CONSUMER_USED = 2
FLOW_OK = 0
FLOW_ENOMEM = -1
FLOW_EINVAL = -2
FLOW_ESTATE = -3
FLOW_EFULL = -4
FLOW_ETIMEDOUT = -5
FLOW_ECLOSED = -6
FLOW_EFORKED = -7
FLOW_EABI = -8
FLOW_EEXIST = -9
FLOW_ENOENT = -10
FLOW_ECONFIG = -11
FLOW_EPARSE = -12
FLOW_EIO = -13
FLOW_EDELIVERY = -14
FLOW_EPLUGIN = -15
FLOW_ECALLBACK = -16
FLOW_ETOOBIG = -17
FLOW_EVENT_BODY_MAX = 0x7fffffff
FLOW_EVENT_HEADERS_MAX = 0x01000000
FLOW_FLUME_LENIENT = 1
FLOW_LOG_TRACE = 1
FLOW_LOG_DEBUG = 2
FLOW_LOG_INFO = 3
FLOW_LOG_WARN = 4
FLOW_LOG_ERROR = 5
FLOW_LOG_OFF = 6
FLOW_LOGDIR_NONE = 0
FLOW_LOGDIR_PUT = 1
FLOW_LOGDIR_ACK = 2
FLOW_LOGDIR_STATE = 3
FLOW_LOGDIR_LOST = 4
FLOW_LOGDIR_DEAD = 5
FLOW_LOGDIR_COMPRESSED = 1
FLOW_LOGDIR_ENCRYPTED = 2
FLOW_LOGDIR_SPANS = 4
FLOW_LOGDIR_ALL = 1
FLOW_PIPELINE_LENIENT = 1
FLOW_PIPELINE_NEW = 1
FLOW_PIPELINE_RUNNING = 2
FLOW_PIPELINE_STOPPING = 3
FLOW_PIPELINE_STOPPED = 4
FLOW_POSITION_MAX = 8192
FLOW_TYPE_STRING = 1
FLOW_TYPE_INT = 2
FLOW_TYPE_BOOL = 3
FLOW_TYPE_CHOICE = 4
FLOW_TYPE_WORDS = 5
FLOW_TYPE_PATTERN = 6
FLOW_TYPE_PATH = 7
FLOW_TYPE_HOST = 8
FLOW_TYPE_CHARSET = 9
FLOW_TYPE_COMPONENT = 10
FLOW_TYPE_SECRET = 11
FLOW_TYPE_PATHS = 12
FLOW_PROPERTY_REQUIRED = 1
FLOW_PROPERTY_PREFIX = 2
FLOW_PROPERTY_DEPRECATED = 4
FLOW_PROPERTY_LENIENT = 8
FLOW_PROPERTY_NO_EFFECT = 16
FLOW_SELECTOR_CONSTANT = 1
FLOW_SERIALIZER_APPENDABLE = 1
FLOW_SPAN_KEY_MAX = 255
FLOW_TXN_OPEN = 1
FLOW_TXN_COMMITTED = 2
FLOW_TXN_ROLLED_BACK = 3
FLOW_VERSION_MAJOR = 0
FLOW_VERSION_MINOR = 9
FLOW_VERSION_PATCH = 0
FLOW_ABI = 1


flow_letter_fn = C.CFUNCTYPE(C.c_int, C.c_void_p, C.c_void_p)
flow_log_fn = C.CFUNCTYPE(None, C.c_void_p, C.c_void_p)
flow_outlet_fn = C.CFUNCTYPE(C.c_int, C.c_void_p, C.POINTER(C.c_void_p), C.c_size_t, C.POINTER(C.c_void_p))
flow_position_fn = C.CFUNCTYPE(C.c_int, C.c_void_p, C.c_void_p)
flow_span_fn = C.CFUNCTYPE(C.c_int, C.c_void_p, C.c_void_p)


class flow_channel_ops(C.Structure):
    """A type of channel."""

    _fields_ = [
        ("struct_size", C.c_uint32),
        ("flags", C.c_uint32),
        ("type", C.c_char_p),
        ("aliases", C.c_char_p),
        ("schema", C.c_void_p),
        ("create", C.CFUNCTYPE(C.c_int, C.c_void_p, C.POINTER(C.c_void_p), C.POINTER(C.c_void_p))),
        ("destroy", C.CFUNCTYPE(None, C.c_void_p)),
        ("open", C.CFUNCTYPE(C.c_int, C.c_void_p, C.POINTER(C.c_void_p))),
        ("close", C.CFUNCTYPE(C.c_int, C.c_void_p, C.POINTER(C.c_void_p))),
        ("begin", C.CFUNCTYPE(C.c_int, C.c_void_p, C.POINTER(C.c_void_p), C.POINTER(C.c_void_p))),
        ("put", C.CFUNCTYPE(C.c_int, C.c_void_p, C.c_void_p, C.POINTER(C.c_void_p), C.c_size_t, C.POINTER(C.c_void_p))),
        ("take", C.CFUNCTYPE(C.c_int, C.c_void_p, C.c_void_p, C.c_size_t, C.POINTER(C.c_void_p), C.POINTER(C.c_size_t), C.POINTER(C.c_void_p))),
        ("commit", C.CFUNCTYPE(C.c_int, C.c_void_p, C.c_void_p, C.POINTER(C.c_void_p))),
        ("rollback", C.CFUNCTYPE(None, C.c_void_p, C.c_void_p)),
        ("release", C.CFUNCTYPE(None, C.c_void_p, C.c_void_p)),
        ("size", C.CFUNCTYPE(C.c_uint64, C.c_void_p)),
        ("capacity", C.CFUNCTYPE(C.c_uint64, C.c_void_p)),
        ("transaction_capacity", C.CFUNCTYPE(C.c_uint64, C.c_void_p)),
        ("keep_alive", C.CFUNCTYPE(C.c_int64, C.c_void_p)),
        ("put_position", C.CFUNCTYPE(C.c_int, C.c_void_p, C.c_void_p, C.c_void_p, C.POINTER(C.c_void_p))),
        ("positions", C.CFUNCTYPE(C.c_int, C.c_void_p, C.c_void_p, C.c_size_t, flow_position_fn, C.c_void_p)),
        ("put_mark", C.CFUNCTYPE(C.c_int, C.c_void_p, C.c_void_p, C.c_void_p, C.POINTER(C.c_void_p))),
        ("consumers", C.c_void_p),
        ("put_spans", C.CFUNCTYPE(C.c_int, C.c_void_p, C.c_void_p, C.c_void_p, C.c_size_t, C.c_size_t, C.POINTER(C.c_uint8), C.POINTER(C.c_void_p))),
        ("spans", C.CFUNCTYPE(C.c_int, C.c_void_p, C.c_void_p, flow_span_fn, C.c_void_p)),
    ]


class flow_entry(C.Structure):
    """One key with its value after substitution."""

    _fields_ = [
        ("struct_size", C.c_uint32),
        ("line", C.c_uint32),
        ("column", C.c_uint32),
        ("reserved", C.c_uint32),
        ("key", C.c_char_p),
        ("value", C.c_char_p),
        ("file", C.c_char_p),
    ]


class flow_diagnostic(C.Structure):
    """One finding."""

    _fields_ = [
        ("struct_size", C.c_uint32),
        ("severity", C.c_int32),
        ("line", C.c_uint32),
        ("column", C.c_uint32),
        ("file", C.c_char_p),
        ("component", C.c_char_p),
        ("key", C.c_char_p),
        ("message", C.c_char_p),
        ("hint", C.c_char_p),
    ]


class flow_consumer_place(C.Structure):
    """Where a consumer begins, or is moved to."""

    _fields_ = [
        ("struct_size", C.c_uint32),
        ("start", C.c_uint32),
        ("offset", C.c_uint64),
        ("time", C.c_int64),
    ]


class flow_consumer_options(C.Structure):
    """What a consumer that is made is like."""

    _fields_ = [
        ("struct_size", C.c_uint32),
        ("when_behind", C.c_uint32),
        ("max_events", C.c_uint64),
        ("max_bytes", C.c_uint64),
        ("place", C.c_void_p),
    ]


class flow_consumer_info(C.Structure):
    """A consumer, and how far it is."""

    _fields_ = [
        ("struct_size", C.c_uint32),
        ("flags", C.c_uint32),
        ("name", C.c_char_p),
        ("when_behind", C.c_uint32),
        ("reserved", C.c_uint32),
        ("max_events", C.c_uint64),
        ("max_bytes", C.c_uint64),
        ("offset", C.c_uint64),
        ("waiting", C.c_uint64),
        ("held", C.c_uint64),
        ("bytes", C.c_uint64),
        ("skipped", C.c_uint64),
        ("letters", C.c_uint64),
    ]


class flow_letter(C.Structure):
    """An event that a consumer could not deliver: after as many deliveries as the channel's property maxDeliveries allows it was put aside, and the others went on."""

    _fields_ = [
        ("struct_size", C.c_uint32),
        ("deliveries", C.c_uint32),
        ("offset", C.c_uint64),
        ("time", C.c_int64),
        ("reason", C.c_char_p),
        ("event", C.c_void_p),
    ]


class flow_channel_consumers(C.Structure):
    """What a channel that has consumers offers, all of it; struct_size is the sizeof of this table."""

    _fields_ = [
        ("struct_size", C.c_uint32),
        ("flags", C.c_uint32),
        ("attach", C.CFUNCTYPE(C.c_int, C.c_void_p, C.c_char_p, C.POINTER(C.c_void_p), C.POINTER(C.c_void_p))),
        ("detach", C.CFUNCTYPE(None, C.c_void_p, C.c_void_p)),
        ("begin", C.CFUNCTYPE(C.c_int, C.c_void_p, C.c_void_p, C.POINTER(C.c_void_p), C.POINTER(C.c_void_p))),
        ("size", C.CFUNCTYPE(C.c_uint64, C.c_void_p, C.c_void_p)),
        ("add", C.CFUNCTYPE(C.c_int, C.c_void_p, C.c_char_p, C.c_void_p, C.POINTER(C.c_void_p))),
        ("next", C.CFUNCTYPE(C.c_int, C.c_void_p, C.c_char_p, C.c_void_p)),
        ("seek", C.CFUNCTYPE(C.c_int, C.c_void_p, C.c_char_p, C.c_void_p, C.POINTER(C.c_uint64), C.POINTER(C.c_void_p))),
        ("pause", C.CFUNCTYPE(C.c_int, C.c_void_p, C.c_char_p, C.c_int, C.POINTER(C.c_void_p))),
        ("remove", C.CFUNCTYPE(C.c_int, C.c_void_p, C.c_char_p, C.POINTER(C.c_void_p))),
        ("reject", C.CFUNCTYPE(None, C.c_void_p, C.c_void_p, C.c_char_p)),
        ("letters", C.CFUNCTYPE(C.c_int, C.c_void_p, C.c_char_p, flow_letter_fn, C.c_void_p, C.POINTER(C.c_void_p))),
        ("replay", C.CFUNCTYPE(C.c_int, C.c_void_p, C.c_char_p, C.c_uint64, C.POINTER(C.c_uint64), C.POINTER(C.c_void_p))),
    ]


class flow_header(C.Structure):
    """A header."""

    _fields_ = [
        ("name", C.c_char_p),
        ("value", C.c_char_p),
        ("name_size", C.c_uint32),
        ("value_size", C.c_uint32),
    ]


class flow_flume_options(C.Structure):
    """The channel, in Flume's words."""

    _fields_ = [
        ("struct_size", C.c_uint32),
        ("flags", C.c_uint32),
        ("checkpoint", C.c_char_p),
        ("backup", C.c_char_p),
        ("data", C.POINTER(C.c_char_p)),
        ("data_count", C.c_size_t),
        ("key_store", C.c_char_p),
        ("key_password", C.c_char_p),
        ("key_passwords", C.POINTER(C.c_char_p)),
        ("key_password_count", C.c_size_t),
    ]


class flow_flume_stat(C.Structure):
    """What was found, and what came of it."""

    _fields_ = [
        ("struct_size", C.c_uint32),
        ("checkpoint", C.c_uint32),
        ("events", C.c_uint64),
        ("bytes", C.c_uint64),
        ("logs", C.c_uint64),
        ("encrypted", C.c_uint64),
        ("puts", C.c_uint64),
        ("takes", C.c_uint64),
        ("commits", C.c_uint64),
        ("rollbacks", C.c_uint64),
        ("open_puts", C.c_uint64),
        ("open_takes", C.c_uint64),
        ("removed", C.c_uint64),
        ("damaged", C.c_uint64),
        ("imported", C.c_uint64),
        ("skipped", C.c_uint64),
        ("set_aside", C.c_uint64),
        ("checkpoint_fault", C.c_char_p),
    ]


class flow_group_ops(C.Structure):
    """A type of sink processor: decides which sink of a group gets the next transaction."""

    _fields_ = [
        ("struct_size", C.c_uint32),
        ("flags", C.c_uint32),
        ("type", C.c_char_p),
        ("aliases", C.c_char_p),
        ("schema", C.c_void_p),
        ("create", C.CFUNCTYPE(C.c_int, C.c_void_p, C.c_void_p, C.POINTER(C.c_void_p), C.POINTER(C.c_void_p))),
        ("destroy", C.CFUNCTYPE(None, C.c_void_p)),
        ("process", C.CFUNCTYPE(C.c_int, C.c_void_p, C.POINTER(C.c_void_p))),
    ]


class flow_interceptor_ops(C.Structure):
    """A type of interceptor: looks at each batch between a source and its channels and may change its events or drop some."""

    _fields_ = [
        ("struct_size", C.c_uint32),
        ("flags", C.c_uint32),
        ("type", C.c_char_p),
        ("aliases", C.c_char_p),
        ("schema", C.c_void_p),
        ("create", C.CFUNCTYPE(C.c_int, C.c_void_p, C.POINTER(C.c_void_p), C.POINTER(C.c_void_p))),
        ("destroy", C.CFUNCTYPE(None, C.c_void_p)),
        ("intercept", C.CFUNCTYPE(C.c_int, C.c_void_p, C.c_void_p, C.POINTER(C.c_void_p))),
    ]


class flow_allocator(C.Structure):
    """Memory for everything that hangs off a library."""

    _fields_ = [
        ("struct_size", C.c_uint32),
        ("reserved", C.c_uint32),
        ("self", C.c_void_p),
        ("allocate", C.CFUNCTYPE(C.c_void_p, C.c_void_p, C.c_size_t)),
        ("reallocate", C.CFUNCTYPE(C.c_void_p, C.c_void_p, C.c_void_p, C.c_size_t)),
        ("release", C.CFUNCTYPE(None, C.c_void_p, C.c_void_p)),
    ]


class flow_library_options(C.Structure):
    """How a library is made."""

    _fields_ = [
        ("struct_size", C.c_uint32),
        ("log_level", C.c_int32),
        ("log", flow_log_fn),
        ("log_self", C.c_void_p),
        ("allocator", C.c_void_p),
        ("module_path", C.c_char_p),
    ]


class flow_log_record(C.Structure):
    """One message."""

    _fields_ = [
        ("struct_size", C.c_uint32),
        ("level", C.c_int32),
        ("time_ms", C.c_int64),
        ("thread", C.c_char_p),
        ("component", C.c_char_p),
        ("message", C.c_char_p),
    ]


class flow_logdir_stat(C.Structure):
    """What is in the log."""

    _fields_ = [
        ("struct_size", C.c_uint32),
        ("clean", C.c_uint32),
        ("segments", C.c_uint64),
        ("spares", C.c_uint64),
        ("bytes", C.c_uint64),
        ("events", C.c_uint64),
        ("waiting", C.c_uint64),
        ("lost", C.c_uint64),
        ("first", C.c_uint64),
        ("end", C.c_uint64),
        ("cursors", C.c_uint64),
        ("faults", C.c_uint64),
        ("checkpoint", C.c_uint64),
        ("checkpoint_time", C.c_int64),
        ("encrypted", C.c_uint64),
        ("hidden", C.c_uint64),
    ]


class flow_logdir_key(C.Structure):
    """A key that something in the log is encrypted with."""

    _fields_ = [
        ("struct_size", C.c_uint32),
        ("reserved", C.c_uint32),
        ("name", C.c_char_p),
        ("segments", C.c_uint64),
    ]


class flow_logdir_sender(C.Structure):
    """What the channel has of a sender; see <flow/span.h>."""

    _fields_ = [
        ("struct_size", C.c_uint32),
        ("key_size", C.c_uint32),
        ("key", C.c_void_p),
        ("time", C.c_int64),
        ("ranges", C.c_uint64),
        ("end", C.c_uint64),
        ("closed", C.c_uint32),
        ("reserved", C.c_uint32),
    ]


class flow_logdir_cursor(C.Structure):
    """A consumer."""

    _fields_ = [
        ("struct_size", C.c_uint32),
        ("id", C.c_uint32),
        ("name", C.c_char_p),
        ("watermark", C.c_uint64),
        ("done_above", C.c_uint64),
        ("backlog", C.c_uint64),
        ("skipped", C.c_uint64),
        ("letters", C.c_uint64),
        ("paused", C.c_uint32),
        ("reserved", C.c_uint32),
    ]


class flow_logdir_fault(C.Structure):
    """Something that is damaged."""

    _fields_ = [
        ("struct_size", C.c_uint32),
        ("repaired", C.c_uint32),
        ("file", C.c_char_p),
        ("at", C.c_uint64),
        ("end", C.c_uint64),
        ("message", C.c_char_p),
    ]


class flow_logdir_frame(C.Structure):
    """A frame, or a place where one should be."""

    _fields_ = [
        ("struct_size", C.c_uint32),
        ("type", C.c_uint32),
        ("file", C.c_char_p),
        ("at", C.c_uint64),
        ("size", C.c_uint64),
        ("payload", C.c_uint32),
        ("positions", C.c_uint32),
        ("first", C.c_uint64),
        ("count", C.c_uint32),
        ("checksum", C.c_uint32),
        ("time", C.c_int64),
        ("fault", C.c_char_p),
        ("flags", C.c_uint32),
        ("raw", C.c_uint32),
        ("reason", C.c_char_p),
        ("deliveries", C.c_uint32),
        ("cursor", C.c_uint32),
        ("spans", C.c_uint32),
        ("reserved", C.c_uint32),
    ]


class flow_logdir_keys(C.Structure):
    """Where the keys of an encrypted log are."""

    _fields_ = [
        ("struct_size", C.c_uint32),
        ("reserved", C.c_uint32),
        ("key_store", C.c_char_p),
        ("key_password", C.c_char_p),
        ("key_passwords", C.POINTER(C.c_char_p)),
        ("key_password_count", C.c_size_t),
    ]


class flow_metric(C.Structure):
    """One counter."""

    _fields_ = [
        ("struct_size", C.c_uint32),
        ("kind", C.c_uint32),
        ("component", C.c_char_p),
        ("name", C.c_char_p),
        ("value", C.c_int64),
    ]


class flow_plugin(C.Structure):
    """A plugin is a shared object, linked with libflow, that defines one entry with FLOW_PLUGIN_DEFINE."""

    _fields_ = [
        ("struct_size", C.c_uint32),
        ("abi", C.c_uint32),
        ("minimum_version", C.c_uint32),
        ("reserved", C.c_uint32),
        ("name", C.c_char_p),
        ("version", C.c_char_p),
        ("library", C.CFUNCTYPE(C.c_uint32)),
        ("init", C.CFUNCTYPE(C.c_int, C.c_void_p, C.POINTER(C.c_void_p))),
    ]


class flow_position(C.Structure):
    """Where a source stands in one of the things it reads: KEY names that, for example a file or a partition, and VALUE says from where on it is to be read."""

    _fields_ = [
        ("key", C.c_void_p),
        ("value", C.c_void_p),
        ("key_size", C.c_size_t),
        ("value_size", C.c_size_t),
    ]


class flow_type_info(C.Structure):
    """What is known of a type."""

    _fields_ = [
        ("struct_size", C.c_uint32),
        ("kind", C.c_uint32),
        ("type", C.c_char_p),
        ("aliases", C.c_char_p),
        ("schema", C.c_void_p),
        ("origin", C.c_char_p),
    ]


class flow_property(C.Structure):
    """One property."""

    _fields_ = [
        ("name", C.c_char_p),
        ("default_value", C.c_char_p),
        ("unit", C.c_char_p),
        ("choices", C.c_char_p),
        ("aliases", C.c_char_p),
        ("help", C.c_char_p),
        ("min", C.c_int64),
        ("max", C.c_int64),
        ("type", C.c_uint32),
        ("flags", C.c_uint32),
        ("kind", C.c_uint32),
        ("reserved", C.c_uint32),
        ("definition", C.c_char_p),
        ("variable", C.c_char_p),
    ]


class flow_schema(C.Structure):
    """All properties of a component."""

    _fields_ = [
        ("struct_size", C.c_uint32),
        ("property_size", C.c_uint32),
        ("properties", C.c_void_p),
        ("count", C.c_uint64),
        ("summary", C.c_char_p),
        ("description", C.c_char_p),
        ("parts", C.POINTER(C.c_void_p)),
    ]


class flow_selector_ops(C.Structure):
    """A type of selector: decides which of a source's channels an event goes to."""

    _fields_ = [
        ("struct_size", C.c_uint32),
        ("flags", C.c_uint32),
        ("type", C.c_char_p),
        ("aliases", C.c_char_p),
        ("schema", C.c_void_p),
        ("create", C.CFUNCTYPE(C.c_int, C.c_void_p, C.POINTER(C.c_char_p), C.c_size_t, C.POINTER(C.c_void_p), C.POINTER(C.c_void_p))),
        ("destroy", C.CFUNCTYPE(None, C.c_void_p)),
        ("select", C.CFUNCTYPE(C.c_int, C.c_void_p, C.c_void_p, C.c_void_p, C.POINTER(C.c_void_p))),
    ]


class flow_serializer_ops(C.Structure):
    """A type of serializer: turns events into the bytes of a file."""

    _fields_ = [
        ("struct_size", C.c_uint32),
        ("flags", C.c_uint32),
        ("type", C.c_char_p),
        ("aliases", C.c_char_p),
        ("schema", C.c_void_p),
        ("create", C.CFUNCTYPE(C.c_int, C.c_void_p, C.POINTER(C.c_void_p), C.POINTER(C.c_void_p))),
        ("destroy", C.CFUNCTYPE(None, C.c_void_p)),
        ("begin", C.CFUNCTYPE(C.c_int, C.c_void_p, C.c_void_p, C.POINTER(C.c_void_p))),
        ("write", C.CFUNCTYPE(C.c_int, C.c_void_p, C.POINTER(C.c_void_p), C.c_size_t, C.c_void_p, C.POINTER(C.c_void_p))),
        ("flush", C.CFUNCTYPE(C.c_int, C.c_void_p, C.c_void_p, C.POINTER(C.c_void_p))),
        ("end", C.CFUNCTYPE(C.c_int, C.c_void_p, C.c_void_p, C.POINTER(C.c_void_p))),
        ("tail", C.CFUNCTYPE(C.c_void_p, C.c_void_p, C.POINTER(C.c_size_t))),
    ]


class flow_sink_ops(C.Structure):
    """A type of sink."""

    _fields_ = [
        ("struct_size", C.c_uint32),
        ("flags", C.c_uint32),
        ("type", C.c_char_p),
        ("aliases", C.c_char_p),
        ("schema", C.c_void_p),
        ("create", C.CFUNCTYPE(C.c_int, C.c_void_p, C.POINTER(C.c_void_p), C.POINTER(C.c_void_p))),
        ("destroy", C.CFUNCTYPE(None, C.c_void_p)),
        ("start", C.CFUNCTYPE(C.c_int, C.c_void_p, C.POINTER(C.c_void_p))),
        ("stop", C.CFUNCTYPE(C.c_int, C.c_void_p, C.POINTER(C.c_void_p))),
        ("process", C.CFUNCTYPE(C.c_int, C.c_void_p, C.c_void_p, C.POINTER(C.c_void_p))),
        ("deadline", C.CFUNCTYPE(C.c_int64, C.c_void_p)),
        ("timer", C.CFUNCTYPE(C.c_int, C.c_void_p, C.POINTER(C.c_void_p))),
        ("max_pending", C.CFUNCTYPE(C.c_uint32, C.c_void_p)),
        ("flush", C.CFUNCTYPE(None, C.c_void_p)),
        ("ended", C.CFUNCTYPE(None, C.c_void_p, C.c_void_p, C.c_int)),
    ]


class flow_source_ops(C.Structure):
    """A type of source."""

    _fields_ = [
        ("struct_size", C.c_uint32),
        ("flags", C.c_uint32),
        ("type", C.c_char_p),
        ("aliases", C.c_char_p),
        ("schema", C.c_void_p),
        ("create", C.CFUNCTYPE(C.c_int, C.c_void_p, C.POINTER(C.c_void_p), C.POINTER(C.c_void_p))),
        ("destroy", C.CFUNCTYPE(None, C.c_void_p)),
        ("start", C.CFUNCTYPE(C.c_int, C.c_void_p, C.c_void_p, C.POINTER(C.c_void_p))),
        ("stop", C.CFUNCTYPE(C.c_int, C.c_void_p, C.POINTER(C.c_void_p))),
        ("poll", C.CFUNCTYPE(C.c_int, C.c_void_p, C.c_void_p, C.POINTER(C.c_void_p))),
    ]


class flow_span(C.Structure):
    """Events of one sender that lie behind each other."""

    _fields_ = [
        ("key", C.c_void_p),
        ("key_size", C.c_uint32),
        ("count", C.c_uint32),
        ("first", C.c_uint64),
        ("horizon", C.c_uint64),
    ]


# Result and parameters of every function.
FUNCTIONS: dict[str, tuple[Any, list[Any]]] = {
    "flow_batch_add": (C.c_int, [C.c_void_p, C.c_void_p, C.c_size_t, C.POINTER(C.c_void_p)]),
    "flow_batch_add_full": (C.c_int, [C.c_void_p, C.c_void_p, C.c_size_t, C.c_void_p, C.c_size_t, C.c_size_t, C.POINTER(C.c_void_p)]),
    "flow_batch_add_packed": (C.c_int, [C.c_void_p, C.c_void_p, C.c_size_t, C.POINTER(C.c_void_p)]),
    "flow_batch_append": (C.c_int, [C.c_void_p, C.c_void_p, C.POINTER(C.c_void_p)]),
    "flow_batch_append_batch": (C.c_int, [C.c_void_p, C.c_void_p, C.POINTER(C.c_void_p)]),
    "flow_batch_clear": (None, [C.c_void_p]),
    "flow_batch_count": (C.c_size_t, [C.c_void_p]),
    "flow_batch_event": (C.c_void_p, [C.c_void_p, C.c_size_t]),
    "flow_batch_events": (C.POINTER(C.c_void_p), [C.c_void_p]),
    "flow_batch_filter": (None, [C.c_void_p, C.POINTER(C.c_uint8)]),
    "flow_batch_forget_position": (C.c_int, [C.c_void_p, C.c_void_p, C.c_size_t, C.POINTER(C.c_void_p)]),
    "flow_batch_free": (None, [C.c_void_p]),
    "flow_batch_new": (C.c_int, [C.c_void_p, C.POINTER(C.c_void_p), C.POINTER(C.c_void_p)]),
    "flow_batch_remove_header": (C.c_int, [C.c_void_p, C.c_size_t, C.c_char_p, C.POINTER(C.c_void_p)]),
    "flow_batch_reserve": (C.c_int, [C.c_void_p, C.c_size_t, C.POINTER(C.c_void_p), C.POINTER(C.c_void_p)]),
    "flow_batch_set_body": (C.c_int, [C.c_void_p, C.c_size_t, C.c_void_p, C.c_size_t, C.POINTER(C.c_void_p)]),
    "flow_batch_set_header": (C.c_int, [C.c_void_p, C.c_size_t, C.c_char_p, C.c_char_p, C.POINTER(C.c_void_p)]),
    "flow_batch_set_packed": (C.c_int, [C.c_void_p, C.c_void_p, C.c_size_t, C.POINTER(C.c_void_p)]),
    "flow_batch_set_position": (C.c_int, [C.c_void_p, C.c_void_p, C.c_size_t, C.c_void_p, C.c_size_t, C.POINTER(C.c_void_p)]),
    "flow_batch_set_spans": (C.c_int, [C.c_void_p, C.c_size_t, C.c_void_p, C.c_size_t, C.c_size_t, C.POINTER(C.c_void_p)]),
    "flow_batch_truncate": (None, [C.c_void_p, C.c_size_t]),
    "flow_buffer_advance": (None, [C.c_void_p, C.c_size_t]),
    "flow_buffer_append": (C.c_int, [C.c_void_p, C.c_void_p, C.c_size_t]),
    "flow_buffer_clear": (None, [C.c_void_p]),
    "flow_buffer_data": (C.c_void_p, [C.c_void_p, C.POINTER(C.c_size_t)]),
    "flow_buffer_free": (None, [C.c_void_p]),
    "flow_buffer_new": (C.c_int, [C.c_void_p, C.POINTER(C.c_void_p), C.POINTER(C.c_void_p)]),
    "flow_buffer_reserve": (C.c_void_p, [C.c_void_p, C.c_size_t]),
    "flow_channel_capacity": (C.c_uint64, [C.c_void_p]),
    "flow_channel_name": (C.c_char_p, [C.c_void_p]),
    "flow_channel_notify": (None, [C.c_void_p]),
    "flow_channel_size": (C.c_uint64, [C.c_void_p]),
    "flow_channel_transaction_capacity": (C.c_uint64, [C.c_void_p]),
    "flow_client_append": (C.c_int, [C.c_void_p, C.c_void_p, C.c_size_t, C.c_void_p, C.c_size_t, C.c_size_t, C.POINTER(C.c_void_p)]),
    "flow_client_append_batch": (C.c_int, [C.c_void_p, C.c_void_p, C.POINTER(C.c_size_t), C.POINTER(C.c_void_p)]),
    "flow_client_append_events": (C.c_int, [C.c_void_p, C.POINTER(C.c_void_p), C.c_size_t, C.POINTER(C.c_size_t), C.POINTER(C.c_void_p)]),
    "flow_client_batch_size": (C.c_size_t, [C.c_void_p]),
    "flow_client_close": (None, [C.c_void_p]),
    "flow_client_connect": (C.c_int, [C.c_void_p, C.POINTER(C.c_void_p)]),
    "flow_client_free": (None, [C.c_void_p]),
    "flow_client_load": (C.c_int, [C.c_void_p, C.c_char_p, C.POINTER(C.c_void_p), C.POINTER(C.c_void_p)]),
    "flow_client_new": (C.c_int, [C.c_void_p, C.c_void_p, C.POINTER(C.c_void_p), C.POINTER(C.c_void_p)]),
    "flow_config_agent": (C.c_char_p, [C.c_void_p, C.c_size_t]),
    "flow_config_check": (C.c_int, [C.c_void_p, C.c_char_p, C.POINTER(C.c_void_p), C.POINTER(C.c_void_p)]),
    "flow_config_common": (C.c_void_p, [C.c_uint32]),
    "flow_config_component": (C.c_char_p, [C.c_void_p, C.c_char_p, C.c_uint32, C.c_size_t]),
    "flow_config_define": (C.c_int, [C.c_void_p, C.c_char_p, C.c_char_p, C.POINTER(C.c_void_p)]),
    "flow_config_definition": (C.c_char_p, [C.c_void_p, C.c_char_p]),
    "flow_config_entry": (C.c_int, [C.c_void_p, C.c_size_t, C.c_void_p]),
    "flow_config_free": (None, [C.c_void_p]),
    "flow_config_get": (C.c_char_p, [C.c_void_p, C.c_char_p]),
    "flow_config_load": (C.c_int, [C.c_void_p, C.c_char_p, C.POINTER(C.c_void_p)]),
    "flow_config_new": (C.c_int, [C.c_void_p, C.POINTER(C.c_void_p), C.POINTER(C.c_void_p)]),
    "flow_config_parse": (C.c_int, [C.c_void_p, C.c_char_p, C.c_void_p, C.c_size_t, C.c_int32, C.POINTER(C.c_void_p)]),
    "flow_config_set": (C.c_int, [C.c_void_p, C.c_char_p, C.c_char_p, C.POINTER(C.c_void_p)]),
    "flow_consumer_add": (C.c_int, [C.c_void_p, C.c_char_p, C.c_void_p, C.POINTER(C.c_void_p)]),
    "flow_consumer_begin": (C.c_int, [C.c_void_p, C.POINTER(C.c_void_p), C.POINTER(C.c_void_p)]),
    "flow_consumer_close": (None, [C.c_void_p]),
    "flow_consumer_get": (C.c_int, [C.c_void_p, C.c_char_p, C.c_void_p, C.POINTER(C.c_void_p)]),
    "flow_consumer_letters": (C.c_int, [C.c_void_p, C.c_char_p, flow_letter_fn, C.c_void_p, C.POINTER(C.c_void_p)]),
    "flow_consumer_next": (C.c_int, [C.c_void_p, C.c_char_p, C.c_void_p, C.POINTER(C.c_void_p)]),
    "flow_consumer_open": (C.c_int, [C.c_void_p, C.c_char_p, C.POINTER(C.c_void_p), C.POINTER(C.c_void_p)]),
    "flow_consumer_pause": (C.c_int, [C.c_void_p, C.c_char_p, C.POINTER(C.c_void_p)]),
    "flow_consumer_place_read": (C.c_int, [C.c_char_p, C.c_void_p, C.POINTER(C.c_void_p)]),
    "flow_consumer_remove": (C.c_int, [C.c_void_p, C.c_char_p, C.POINTER(C.c_void_p)]),
    "flow_consumer_replay": (C.c_int, [C.c_void_p, C.c_char_p, C.c_uint64, C.POINTER(C.c_uint64), C.POINTER(C.c_void_p)]),
    "flow_consumer_resume": (C.c_int, [C.c_void_p, C.c_char_p, C.POINTER(C.c_void_p)]),
    "flow_consumer_seek": (C.c_int, [C.c_void_p, C.c_char_p, C.c_void_p, C.POINTER(C.c_uint64), C.POINTER(C.c_void_p)]),
    "flow_context_below": (C.c_int, [C.c_void_p, C.c_char_p, C.c_size_t, C.POINTER(C.c_char_p), C.POINTER(C.c_char_p)]),
    "flow_context_bool": (C.c_int, [C.c_void_p, C.c_char_p]),
    "flow_context_choice": (C.c_int, [C.c_void_p, C.c_char_p]),
    "flow_context_counter": (C.c_void_p, [C.c_void_p, C.c_char_p]),
    "flow_context_int": (C.c_int64, [C.c_void_p, C.c_char_p]),
    "flow_context_is_set": (C.c_int, [C.c_void_p, C.c_char_p]),
    "flow_context_library": (C.c_void_p, [C.c_void_p]),
    "flow_context_log": (None, [C.c_void_p, C.c_int32, C.c_char_p]),
    "flow_context_log_enabled": (C.c_int, [C.c_void_p, C.c_int32]),
    "flow_context_name": (C.c_char_p, [C.c_void_p]),
    "flow_context_now": (C.c_int64, [C.c_void_p]),
    "flow_context_refuse": (C.c_int, [C.c_void_p, C.c_char_p, C.c_char_p, C.POINTER(C.c_void_p)]),
    "flow_context_stopping": (C.c_int, [C.c_void_p]),
    "flow_context_string": (C.c_char_p, [C.c_void_p, C.c_char_p]),
    "flow_context_time": (C.c_int64, [C.c_void_p]),
    "flow_context_user": (C.c_void_p, [C.c_void_p]),
    "flow_context_word": (C.c_char_p, [C.c_void_p, C.c_char_p, C.c_size_t]),
    "flow_counter_add": (None, [C.c_void_p, C.c_int64]),
    "flow_counter_set": (None, [C.c_void_p, C.c_int64]),
    "flow_emitter_emit": (C.c_int, [C.c_void_p, C.c_void_p, C.POINTER(C.c_void_p)]),
    "flow_emitter_emit_calls": (C.c_int, [C.c_void_p, C.c_void_p, C.c_size_t, C.c_size_t, C.POINTER(C.c_void_p)]),
    "flow_emitter_max_batch": (C.c_size_t, [C.c_void_p]),
    "flow_emitter_position": (C.c_int, [C.c_void_p, C.c_void_p, C.c_size_t, C.c_void_p, C.c_size_t, C.POINTER(C.c_size_t), C.POINTER(C.c_void_p)]),
    "flow_emitter_position_latest": (C.c_int, [C.c_void_p, C.c_void_p, C.c_size_t, C.c_void_p, C.c_size_t, C.POINTER(C.c_size_t), C.POINTER(C.c_void_p)]),
    "flow_emitter_positions": (C.c_int, [C.c_void_p, flow_position_fn, C.c_void_p, C.POINTER(C.c_void_p)]),
    "flow_error_cause": (C.c_void_p, [C.c_void_p]),
    "flow_error_code": (C.c_int, [C.c_void_p]),
    "flow_error_component": (C.c_char_p, [C.c_void_p]),
    "flow_error_free": (None, [C.c_void_p]),
    "flow_error_key": (C.c_char_p, [C.c_void_p]),
    "flow_error_locate": (None, [C.POINTER(C.c_void_p), C.c_char_p, C.c_char_p, C.c_char_p, C.c_uint32, C.c_uint32]),
    "flow_error_message": (C.c_char_p, [C.c_void_p]),
    "flow_error_name": (C.c_char_p, [C.c_int]),
    "flow_error_place": (C.c_char_p, [C.c_void_p, C.POINTER(C.c_uint32), C.POINTER(C.c_uint32)]),
    "flow_error_retriable": (C.c_int, [C.c_void_p]),
    "flow_error_set": (C.c_int, [C.POINTER(C.c_void_p), C.c_int, C.c_char_p]),
    "flow_error_set_retriable": (None, [C.POINTER(C.c_void_p), C.c_int]),
    "flow_event_body": (C.c_void_p, [C.c_void_p, C.POINTER(C.c_size_t)]),
    "flow_event_header": (C.c_char_p, [C.c_void_p, C.c_char_p, C.POINTER(C.c_size_t)]),
    "flow_event_header_at": (C.c_int, [C.c_void_p, C.c_size_t, C.c_void_p, C.c_size_t]),
    "flow_event_header_count": (C.c_size_t, [C.c_void_p]),
    "flow_event_keep": (C.c_int, [C.c_void_p, C.POINTER(C.c_void_p), C.POINTER(C.c_void_p)]),
    "flow_event_new": (C.c_int, [C.c_void_p, C.c_void_p, C.c_size_t, C.c_void_p, C.c_size_t, C.c_size_t, C.POINTER(C.c_void_p), C.POINTER(C.c_void_p)]),
    "flow_event_unref": (None, [C.c_void_p]),
    "flow_events_keep": (C.c_int, [C.POINTER(C.c_void_p), C.c_size_t, C.POINTER(C.c_void_p), C.POINTER(C.c_void_p)]),
    "flow_events_pack": (C.c_int, [C.POINTER(C.c_void_p), C.c_size_t, C.c_void_p, C.c_size_t, C.POINTER(C.c_size_t), C.POINTER(C.c_void_p)]),
    "flow_events_unref": (None, [C.POINTER(C.c_void_p), C.c_size_t]),
    "flow_events_weight": (C.c_uint64, [C.POINTER(C.c_void_p), C.c_size_t, C.POINTER(C.c_uint64)]),
    "flow_flume_free": (None, [C.c_void_p]),
    "flow_flume_import": (C.c_int, [C.c_void_p, C.c_void_p, C.c_int64, C.POINTER(C.c_void_p)]),
    "flow_flume_open": (C.c_int, [C.c_void_p, C.c_void_p, C.POINTER(C.c_void_p), C.POINTER(C.c_void_p)]),
    "flow_flume_set_aside": (C.c_int, [C.c_void_p, C.POINTER(C.c_void_p)]),
    "flow_flume_stat_get": (C.c_int, [C.c_void_p, C.c_void_p]),
    "flow_group_count": (C.c_size_t, [C.c_void_p]),
    "flow_group_has_events": (C.c_int, [C.c_void_p, C.c_size_t]),
    "flow_group_name": (C.c_char_p, [C.c_void_p, C.c_size_t]),
    "flow_group_run": (C.c_int, [C.c_void_p, C.c_size_t, C.POINTER(C.c_void_p)]),
    "flow_harness_advance": (C.c_int, [C.c_void_p, C.c_int64, C.POINTER(C.c_void_p)]),
    "flow_harness_channel": (C.c_void_p, [C.c_void_p]),
    "flow_harness_counter": (C.c_int64, [C.c_void_p, C.c_char_p]),
    "flow_harness_expect": (None, [C.c_void_p, C.c_uint32]),
    "flow_harness_fail": (None, [C.c_void_p, C.c_uint32, C.c_int]),
    "flow_harness_free": (None, [C.c_void_p]),
    "flow_harness_intercept": (C.c_int, [C.c_void_p, C.c_void_p, C.POINTER(C.c_void_p)]),
    "flow_harness_new": (C.c_int, [C.c_void_p, C.c_uint32, C.c_char_p, C.POINTER(C.c_void_p), C.POINTER(C.c_void_p)]),
    "flow_harness_pull": (C.c_int, [C.c_void_p, C.c_size_t, C.c_int64, C.c_void_p, C.POINTER(C.c_void_p)]),
    "flow_harness_push": (C.c_int, [C.c_void_p, C.c_void_p, C.POINTER(C.c_void_p)]),
    "flow_harness_run": (C.c_int, [C.c_void_p, C.POINTER(C.c_void_p)]),
    "flow_harness_set": (C.c_int, [C.c_void_p, C.c_char_p, C.c_char_p, C.POINTER(C.c_void_p)]),
    "flow_harness_set_time": (None, [C.c_void_p, C.c_int64]),
    "flow_harness_settle": (C.c_int, [C.c_void_p, C.c_int64, C.POINTER(C.c_void_p)]),
    "flow_harness_start": (C.c_int, [C.c_void_p, C.POINTER(C.c_void_p)]),
    "flow_harness_stop": (C.c_int, [C.c_void_p, C.POINTER(C.c_void_p)]),
    "flow_inlet_position": (C.c_int, [C.c_void_p, C.c_void_p, C.c_size_t, C.c_void_p, C.c_size_t, C.POINTER(C.c_size_t), C.POINTER(C.c_void_p)]),
    "flow_inlet_position_latest": (C.c_int, [C.c_void_p, C.c_void_p, C.c_size_t, C.c_void_p, C.c_size_t, C.POINTER(C.c_size_t), C.POINTER(C.c_void_p)]),
    "flow_inlet_positions": (C.c_int, [C.c_void_p, flow_position_fn, C.c_void_p, C.POINTER(C.c_void_p)]),
    "flow_inlet_push": (C.c_int, [C.c_void_p, C.c_void_p, C.c_size_t, C.c_void_p, C.c_size_t, C.c_size_t, C.c_int64, C.POINTER(C.c_void_p)]),
    "flow_inlet_push_batch": (C.c_int, [C.c_void_p, C.c_void_p, C.c_int64, C.POINTER(C.c_void_p)]),
    "flow_library_allocator": (C.c_void_p, [C.c_void_p]),
    "flow_library_free": (C.c_int, [C.c_void_p, C.POINTER(C.c_void_p)]),
    "flow_library_log": (None, [C.c_void_p, C.c_int32, C.c_char_p, C.c_char_p]),
    "flow_library_new": (C.c_int, [C.c_void_p, C.POINTER(C.c_void_p), C.POINTER(C.c_void_p)]),
    "flow_library_registry": (C.c_void_p, [C.c_void_p]),
    "flow_library_set_log_level": (None, [C.c_void_p, C.c_int32]),
    "flow_log_level_name": (C.c_char_p, [C.c_int32]),
    "flow_log_level_parse": (C.c_int32, [C.c_char_p]),
    "flow_logdir_cursor_at": (C.c_int, [C.c_void_p, C.c_size_t, C.c_void_p]),
    "flow_logdir_event": (C.c_void_p, [C.c_void_p, C.c_size_t]),
    "flow_logdir_export": (C.c_int, [C.c_void_p, C.c_char_p, C.c_uint32, C.c_int, C.POINTER(C.c_uint64), C.POINTER(C.c_void_p)]),
    "flow_logdir_fault_at": (C.c_int, [C.c_void_p, C.c_size_t, C.c_void_p]),
    "flow_logdir_free": (None, [C.c_void_p]),
    "flow_logdir_is_waiting": (C.c_int, [C.c_void_p, C.c_uint64]),
    "flow_logdir_key_at": (C.c_int, [C.c_void_p, C.c_size_t, C.c_void_p]),
    "flow_logdir_lost_at": (C.c_int, [C.c_void_p, C.c_size_t, C.POINTER(C.c_uint64), C.POINTER(C.c_uint64)]),
    "flow_logdir_next": (C.c_int, [C.c_void_p, C.c_void_p, C.POINTER(C.c_void_p)]),
    "flow_logdir_open": (C.c_int, [C.c_void_p, C.c_char_p, C.POINTER(C.c_char_p), C.c_size_t, C.POINTER(C.c_void_p), C.POINTER(C.c_void_p)]),
    "flow_logdir_open_keys": (C.c_int, [C.c_void_p, C.c_char_p, C.POINTER(C.c_char_p), C.c_size_t, C.c_void_p, C.POINTER(C.c_void_p), C.POINTER(C.c_void_p)]),
    "flow_logdir_repair": (C.c_int, [C.c_void_p, C.POINTER(C.c_void_p)]),
    "flow_logdir_rewind": (None, [C.c_void_p]),
    "flow_logdir_sender_at": (C.c_int, [C.c_void_p, C.c_size_t, C.c_void_p]),
    "flow_logdir_stat_get": (C.c_int, [C.c_void_p, C.c_void_p]),
    "flow_metrics_at": (C.c_int, [C.c_void_p, C.c_size_t, C.c_void_p]),
    "flow_metrics_free": (None, [C.c_void_p]),
    "flow_metrics_value": (C.c_int64, [C.c_void_p, C.c_char_p, C.c_char_p]),
    "flow_pipeline_bind": (C.c_int, [C.c_void_p, C.c_char_p, flow_outlet_fn, C.c_void_p, C.c_void_p, C.POINTER(C.c_void_p)]),
    "flow_pipeline_channel": (C.c_int, [C.c_void_p, C.c_char_p, C.POINTER(C.c_void_p), C.POINTER(C.c_void_p)]),
    "flow_pipeline_drain": (C.c_int, [C.c_void_p, C.c_int64, C.POINTER(C.c_void_p)]),
    "flow_pipeline_free": (C.c_int, [C.c_void_p, C.POINTER(C.c_void_p)]),
    "flow_pipeline_inlet": (C.c_int, [C.c_void_p, C.c_char_p, C.POINTER(C.c_void_p), C.POINTER(C.c_void_p)]),
    "flow_pipeline_metrics": (C.c_int, [C.c_void_p, C.POINTER(C.c_void_p), C.POINTER(C.c_void_p)]),
    "flow_pipeline_new": (C.c_int, [C.c_void_p, C.c_void_p, C.c_char_p, C.c_uint32, C.POINTER(C.c_void_p), C.POINTER(C.c_void_p)]),
    "flow_pipeline_start": (C.c_int, [C.c_void_p, C.POINTER(C.c_void_p)]),
    "flow_pipeline_state": (C.c_int32, [C.c_void_p]),
    "flow_pipeline_stop": (C.c_int, [C.c_void_p, C.c_int64, C.POINTER(C.c_void_p)]),
    "flow_plugin_load": (C.c_int, [C.c_void_p, C.c_char_p, C.POINTER(C.c_void_p)]),
    "flow_plugin_load_folder": (C.c_int, [C.c_void_p, C.c_char_p, C.POINTER(C.c_void_p)]),
    "flow_plugin_load_path": (C.c_int, [C.c_void_p, C.c_char_p, C.POINTER(C.c_void_p)]),
    "flow_registry_add_channel": (C.c_int, [C.c_void_p, C.c_void_p, C.c_void_p, C.c_void_p, C.POINTER(C.c_void_p)]),
    "flow_registry_add_group": (C.c_int, [C.c_void_p, C.c_void_p, C.c_void_p, C.c_void_p, C.POINTER(C.c_void_p)]),
    "flow_registry_add_interceptor": (C.c_int, [C.c_void_p, C.c_void_p, C.c_void_p, C.c_void_p, C.POINTER(C.c_void_p)]),
    "flow_registry_add_selector": (C.c_int, [C.c_void_p, C.c_void_p, C.c_void_p, C.c_void_p, C.POINTER(C.c_void_p)]),
    "flow_registry_add_serializer": (C.c_int, [C.c_void_p, C.c_void_p, C.c_void_p, C.c_void_p, C.POINTER(C.c_void_p)]),
    "flow_registry_add_sink": (C.c_int, [C.c_void_p, C.c_void_p, C.c_void_p, C.c_void_p, C.POINTER(C.c_void_p)]),
    "flow_registry_add_source": (C.c_int, [C.c_void_p, C.c_void_p, C.c_void_p, C.c_void_p, C.POINTER(C.c_void_p)]),
    "flow_registry_at": (C.c_int, [C.c_void_p, C.c_size_t, C.c_void_p]),
    "flow_registry_find": (C.c_int, [C.c_void_p, C.c_uint32, C.c_char_p, C.c_void_p, C.POINTER(C.c_void_p)]),
    "flow_report_count": (C.c_size_t, [C.c_void_p, C.c_int32]),
    "flow_report_free": (None, [C.c_void_p]),
    "flow_report_get": (C.c_int, [C.c_void_p, C.c_size_t, C.c_void_p]),
    "flow_route_offer": (C.c_int, [C.c_void_p, C.c_size_t]),
    "flow_route_require": (C.c_int, [C.c_void_p, C.c_size_t]),
    "flow_serializer_begin": (C.c_int, [C.c_void_p, C.c_void_p, C.POINTER(C.c_void_p)]),
    "flow_serializer_end": (C.c_int, [C.c_void_p, C.c_void_p, C.POINTER(C.c_void_p)]),
    "flow_serializer_flags": (C.c_uint32, [C.c_void_p]),
    "flow_serializer_flush": (C.c_int, [C.c_void_p, C.c_void_p, C.POINTER(C.c_void_p)]),
    "flow_serializer_free": (None, [C.c_void_p]),
    "flow_serializer_new": (C.c_int, [C.c_void_p, C.c_char_p, C.POINTER(C.c_void_p), C.POINTER(C.c_void_p)]),
    "flow_serializer_tail": (C.c_void_p, [C.c_void_p, C.POINTER(C.c_size_t)]),
    "flow_serializer_write": (C.c_int, [C.c_void_p, C.POINTER(C.c_void_p), C.c_size_t, C.c_void_p, C.POINTER(C.c_void_p)]),
    "flow_sink_has_spans": (C.c_int, [C.c_void_p]),
    "flow_sink_is_awaited": (C.c_int, [C.c_void_p]),
    "flow_sink_keeps_marks": (C.c_int, [C.c_void_p]),
    "flow_sink_marks": (C.c_int, [C.c_void_p, flow_position_fn, C.c_void_p, C.POINTER(C.c_void_p)]),
    "flow_sink_set_mark": (C.c_int, [C.c_void_p, C.c_void_p, C.c_size_t, C.c_void_p, C.c_size_t, C.POINTER(C.c_void_p)]),
    "flow_txn_begin": (C.c_int, [C.c_void_p, C.POINTER(C.c_void_p), C.POINTER(C.c_void_p)]),
    "flow_txn_commit": (C.c_int, [C.c_void_p, C.POINTER(C.c_void_p)]),
    "flow_txn_done": (C.c_int, [C.c_void_p, C.c_int, C.c_void_p, C.POINTER(C.c_void_p)]),
    "flow_txn_free": (None, [C.c_void_p]),
    "flow_txn_put": (C.c_int, [C.c_void_p, C.c_void_p, C.POINTER(C.c_void_p)]),
    "flow_txn_put_batch": (C.c_int, [C.c_void_p, C.c_void_p, C.POINTER(C.c_void_p)]),
    "flow_txn_reject": (C.c_int, [C.c_void_p, C.c_void_p, C.POINTER(C.c_void_p)]),
    "flow_txn_rollback": (C.c_int, [C.c_void_p, C.POINTER(C.c_void_p)]),
    "flow_txn_set_mark": (C.c_int, [C.c_void_p, C.c_void_p, C.c_size_t, C.c_void_p, C.c_size_t, C.POINTER(C.c_void_p)]),
    "flow_txn_spans": (C.c_int, [C.c_void_p, flow_span_fn, C.c_void_p, C.POINTER(C.c_void_p)]),
    "flow_txn_state": (C.c_uint32, [C.c_void_p]),
    "flow_txn_take": (C.c_int, [C.c_void_p, C.c_size_t, C.c_int64, C.POINTER(C.c_void_p), C.POINTER(C.c_size_t), C.POINTER(C.c_void_p)]),
    "flow_version": (C.c_uint32, []),
    "flow_version_string": (C.c_char_p, []),
    "flow_wait": (C.c_int, [C.c_void_p, C.c_int64]),
}
