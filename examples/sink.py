#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Python sink: counts words, with a class that a configuration names like any other type."""

import collections

import libflow


class WordCount(libflow.Sink):
    """Counts the words of event bodies."""

    properties = (libflow.Property("minimum", int, default=1, help="Shorter words are left out."),)
    words: "collections.Counter[bytes]" = collections.Counter()

    def process(self, events: "list[libflow.Event]") -> None:
        shortest = self.context.settings["minimum"]
        for event in events:  # what is raised here would bring the events again
            self.words.update(word for word in event.body.split() if len(word) >= shortest)


SETTINGS = """
app.sources = in
app.channels = mem
app.sinks = count
app.sources.in.type = inlet
app.sources.in.channels = mem
app.channels.mem.type = memory
app.sinks.count.type = wordcount
app.sinks.count.minimum = 2
app.sinks.count.channel = mem
"""


def main() -> None:
    with libflow.Library() as library:
        libflow.register(library, "wordcount", WordCount)
        config = libflow.Config(library)
        config.parse(SETTINGS, "sink.py")
        with libflow.Pipeline(config, "app") as pipeline:
            for line in ("to be or not to be", "that is the question", "a b c"):
                pipeline.inlet("in").push(line)
    for word, count in sorted(WordCount.words.items()):
        print(count, word.decode())


if __name__ == "__main__":
    main()
