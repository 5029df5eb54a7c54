# SPDX-License-Identifier: Apache-2.0
"""The real Flume beside libflow's agents: an agent, a client, and keys in the forms that it wants."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Iterable

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
from agents import PATIENCE, Agent, Properties  # noqa: E402

FLUME = HERE / "flume"
SECRET = "changeit"


class Keys:
    """A certificate for 127.0.0.1 that signs itself, in all the forms that agents want it in."""

    def __init__(self, folder: Path):
        folder.mkdir()
        self.pem, self.key = folder / "certificate.pem", folder / "key.pem"
        self.store, self.trust = folder / "key.p12", folder / "trust.p12"
        self.trust_jks = folder / "trust.jks"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                        "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
                        "-keyout", self.key, "-out", self.pem], check=True, capture_output=True)
        subprocess.run(["openssl", "pkcs12", "-export", "-in", self.pem, "-inkey", self.key,
                        "-passout", f"pass:{SECRET}", "-out", self.store], check=True)
        subprocess.run([FLUME, "stores", folder, self.pem], check=True)

    def server(self) -> Properties:
        return {"ssl": "true", "keystore": str(self.store), "keystore-type": "PKCS12",
                "keystore-password": SECRET}

    def client(self) -> Properties:
        return {"ssl": "true", "truststore": str(self.trust), "truststore-type": "PKCS12",
                "truststore-password": SECRET}


class FlumeAgent(Agent):
    def do(self, command: str, *more: str) -> None:
        done = subprocess.run([FLUME, command, self.folder, *more], capture_output=True, text=True,
                              timeout=PATIENCE + 60)
        assert done.returncode == 0, done.stderr

    def __enter__(self) -> FlumeAgent:
        self.do("start", str(self.conf))
        return self

    def __exit__(self, *_) -> None:
        self.do("kill")  # its own way takes three seconds for each source


class FlumeClient:
    """Flume's RPC clients, see FlumeClient.java."""

    def __init__(self):
        self.process = subprocess.Popen([FLUME, "client"], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.opened = 0

    def __enter__(self) -> FlumeClient:
        return self

    def __exit__(self, *_) -> None:
        self.process.stdin.close()
        self.process.wait(PATIENCE)
        self.process.stdout.close()

    def ask(self, *words: object) -> str:
        print(*words, file=self.process.stdin, flush=True)
        return self.process.stdout.readline().strip()

    def do(self, *words: object) -> None:
        answer = self.ask(*words)
        assert answer.startswith("ok "), answer

    def open(self, ports: Iterable[int], properties: Properties) -> str:
        """A client's name."""
        self.opened += 1
        hosts = {f"hosts.h{i}": f"127.0.0.1:{port}" for i, port in enumerate(ports)}
        names = "+".join(key.removeprefix("hosts.") for key in hosts)
        pairs = {"hosts": names} | hosts | properties
        self.do("open", self.opened, *(f"{key}={value}" for key, value in pairs.items()))
        return str(self.opened)
