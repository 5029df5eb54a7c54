#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Python push: a program sends its events through a pipeline into files.

    python3 push.py FOLDER
"""

import sys

import libflow

SETTINGS = """
app.sources = in
app.channels = mem
app.sinks = files
app.sources.in.type = inlet
app.sources.in.channels = mem
app.channels.mem.type = memory
app.channels.mem.capacity = 10000
app.channels.mem.transactionCapacity = 1000
app.sinks.files.type = file_roll
app.sinks.files.sink.rollInterval = 0
app.sinks.files.channel = mem
"""


def main(folder: str) -> None:
    with libflow.Library() as library:
        config = libflow.Config(library)
        config.parse(SETTINGS, "push.py")
        config["app.sinks.files.sink.directory"] = folder
        with libflow.Pipeline(config, "app") as pipeline:
            inlet = pipeline.inlet("in")
            inlet.push("one at a time", {"kind": "single"})
            for first in range(0, 5000, 500):
                inlet.push_many(f"event {i}" for i in range(first, first + 500))
            print(pipeline.metrics()["in"]["EventAcceptedCount"], "events accepted")


if __name__ == "__main__":
    main(sys.argv[1])
