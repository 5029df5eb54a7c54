# SPDX-License-Identifier: Apache-2.0
"""A Kerberos KDC of its own on a free port, in a folder of its own.

    with Kdc(folder, ["ann", "HTTP/127.0.0.1"]) as kdc:
        ... environment | kdc.environment, kdc.keytab("ann")
"""

import os
import re
import socket
import subprocess
import time
from pathlib import Path

REALM = "FLOW.TEST"


class Kdc:
    def __init__(self, folder: Path, principals: list[str]):
        self.folder = folder
        folder.mkdir()
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.environment = {"KRB5_CONFIG": str(folder / "krb5.conf"),
                            "KRB5_KDC_PROFILE": str(folder / "kdc.conf"),
                            "KRB5CCNAME": f"FILE:{folder}/none"}
        (folder / "krb5.conf").write_text(
            f"[libdefaults]\n default_realm = {REALM}\n rdns = false\n"
            f" dns_canonicalize_hostname = false\n dns_lookup_kdc = false\n"
            f" udp_preference_limit = 1\n"
            f"[realms]\n {REALM} = {{\n  kdc = 127.0.0.1:{self.port}\n }}\n"
            f"[domain_realm]\n 127.0.0.1 = {REALM}\n localhost = {REALM}\n"
            f"[logging]\n kdc = FILE:{folder}/log\n")
        (folder / "kdc.conf").write_text(
            f"[kdcdefaults]\n kdc_listen = 127.0.0.1:{self.port}\n"
            f" kdc_tcp_listen = 127.0.0.1:{self.port}\n"
            f"[realms]\n {REALM} = {{\n  database_name = {folder}/db\n"
            f"  key_stash_file = {folder}/stash\n  acl_file = {folder}/acl\n }}\n")
        self.run("kdb5_util", "create", "-s", "-P", "master", "-r", REALM)
        for principal in principals:
            self.run("kadmin.local", "-q", f"addprinc -randkey {principal}")
            self.run("kadmin.local", "-q", f"ktadd -k {self.keytab(principal)} {principal}")

    def keytab(self, principal: str) -> str:
        return str(self.folder / (principal.replace("/", "-") + ".keytab"))

    def limit(self, principal: str, seconds: int):
        """Gives out tickets to PRINCIPAL that are good for so long only."""
        self.run("kadmin.local", "-q", f'modprinc -maxlife "{seconds} seconds" {principal}')

    def change_key(self, principal: str):
        """The keytab of PRINCIPAL no longer opens anything."""
        self.run("kadmin.local", "-q", f"cpw -randkey {principal}")

    def tickets(self, principal: str, service: str) -> int:
        """How many tickets PRINCIPAL got to show to SERVICE; each login needs another."""
        return len(re.findall(rf"TGS_REQ .* ISSUE: .* {principal}@\S* for {service}@",
                              (self.folder / "log").read_text()))

    def run(self, *command):
        subprocess.run(command, env=self.tools(), check=True, capture_output=True)

    def tools(self):
        return os.environ | self.environment | {"PATH": f"/usr/sbin:{os.environ['PATH']}"}

    def start(self):
        self.process = subprocess.Popen(["krb5kdc", "-n"], env=self.tools(),
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            except OSError:
                time.sleep(0.02)
        raise TimeoutError("the KDC does not answer")

    def stop(self):
        self.process.terminate()
        self.process.wait()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *exc):
        self.stop()
