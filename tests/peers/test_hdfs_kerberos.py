# SPDX-License-Identifier: Apache-2.0
"""The hdfs sink against a real HDFS that Kerberos secures: tickets by SPNEGO for the NameNode,
delegation tokens for the DataNode, block tokens between the two, and HTTPS all the way.

    DRIVE=build/tests/component/drive pytest tests/peers/test_hdfs_kerberos.py
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "support")]
from kdc import REALM, Kdc  # noqa: E402
from test_hdfs import Cluster, agent, check, folder  # noqa: E402, F401

ROOT = "hdfs/127.0.0.1"  # whoever runs the NameNode may do anything
PRINCIPALS = [ROOT, "HTTP/127.0.0.1", "ann", "brief", "renewed", "stale"]


class SecureCluster(Cluster):
    def __init__(self, folder: Path, kdc: Kdc):
        super().__init__(folder, kdc.folder)
        self.kdc = kdc
        self.ca = self.run("get", "ca", folder).strip()
        self.settings |= {"hdfs_caFile": self.ca} | self.log_in("ann")
        self.environment = kdc.environment

    def log_in(self, principal: str, keytab: str = "") -> dict[str, str]:
        """Settings of a sink that does so, with its own keytab or with another's."""
        return {"hdfs_kerberosPrincipal": f"{principal}@{REALM}",
                "hdfs_kerberosKeytab": self.kdc.keytab(keytab or principal)}

    def url(self, path: str, query: str) -> str:
        return f"https://127.0.0.1:{self.http}/webhdfs/v1{quote(path)}?{query}"

    def curl(self, *args: str, principal: str = "") -> bytes:
        """Asks as PRINCIPAL, or as nobody."""
        environment = os.environ | self.kdc.environment
        if principal:
            args = ("--negotiate", "-u", ":", *args)
            environment |= {"KRB5_CLIENT_KTNAME": self.kdc.keytab(principal),
                            "KRB5CCNAME": "MEMORY:curl"}
        return subprocess.run(["curl", "-sS", "--cacert", self.ca, *args], env=environment,
                              capture_output=True, check=True, timeout=60).stdout

    def status(self, *args: str, principal: str = "") -> int:
        return int(self.curl("-o", "/dev/null", "-w", "%{http_code}", *args, principal=principal))

    def open(self, path: str, query: str) -> bytes:
        return self.curl("-fL", self.url(path, query), principal=ROOT)

    def owner(self, path: str) -> str:
        return json.loads(self.open(path, "op=GETFILESTATUS"))["FileStatus"]["owner"]


@pytest.fixture(scope="module")
def hdfs(tmp_path_factory):
    home = tmp_path_factory.mktemp("hdfs")
    with Kdc(home / "kdc", PRINCIPALS) as kdc:
        cluster = SecureCluster(home / "cluster", kdc)
        cluster.curl("-f", "-X", "PUT", cluster.url("/", "op=SETPERMISSION&permission=777"),
                     principal=ROOT)
        yield cluster
        cluster.run("stop", cluster.folder)


# ---- the cluster is what it is taken for ----


def test_nobody_is_refused(hdfs):
    for who in ("", "&user.name=hdfs", "&user.name=ann"):
        assert hdfs.status(hdfs.url("/", "op=LISTSTATUS" + who)) == 401, who
    assert hdfs.status(hdfs.url("/", "op=LISTSTATUS"), principal="ann") == 200


def test_a_data_node_wants_the_token_of_its_redirect(hdfs):
    answer = hdfs.curl("-f", "-X", "PUT", hdfs.url("/token", "op=CREATE&noredirect=true"),
                       principal="ann")
    place = json.loads(answer)["Location"]
    without = re.sub(r"delegation=[^&]+&", "", place)
    assert without != place
    assert hdfs.status("-T", __file__, without) in (401, 403)
    assert hdfs.status("-T", __file__, place) == 201


# ---- what is written ----


def test_lines_arrive_once_and_in_order(hdfs, agent, check):
    one = agent("/%{group}", headers=["group=g%d"], hdfs_rollCount=500)
    one.send(3000, pause=0.1)
    one.finish()
    for folder in check(3000, files=6):
        assert hdfs.owner(hdfs.names(folder)[0]) == "ann"


def test_another_user_owns_the_files(hdfs, agent, check, folder):
    one = agent(hdfs_proxyUser="bob")
    one.send(1000, pause=0.1)
    one.finish()
    check(1000, files=1)
    assert hdfs.owner(hdfs.names(folder)[0]) == "bob"


# ---- who does not get in ----


def test_acting_for_others_has_limits(agent):
    one = agent(hdfs_proxyUser="carol")
    one.send(100)
    one.wait_for("ann is not allowed to impersonate carol")


def test_without_a_principal(agent):
    one = agent(hdfs_kerberosPrincipal=None, hdfs_kerberosKeytab=None)
    one.send(100)
    one.wait_for("not authenticated: the NameNode wants a Kerberos ticket; set "
                 "hdfs.kerberosPrincipal and hdfs.kerberosKeytab (status 401)")


def test_with_the_keytab_of_another(hdfs, agent):
    one = agent(**hdfs.log_in("ann", keytab="brief"))
    one.send(100)
    one.wait_for(f"cannot get a Kerberos ticket for ann@{REALM} with {hdfs.kdc.keytab('brief')}: "
                 f"Keytab contains no suitable keys for ann@{REALM}")


def test_with_a_key_that_was_changed(hdfs, agent):
    hdfs.kdc.change_key("stale")
    one = agent(**hdfs.log_in("stale"))
    one.send(100)
    one.wait_for("the KDC knows another key than this keytab")


def test_without_a_keytab(agent):
    one = agent(hdfs_kerberosKeytab="/nowhere/keytab")
    one.wait_for("hdfs.kerberosKeytab: cannot be read: No such file or directory")


# ---- tickets that end ----


def test_a_ticket_that_ends_is_replaced_before(hdfs, agent, check):
    """Until the first two are over, with cookies that end all the time as well."""
    hdfs.kdc.limit("brief", 10)
    one = agent(**hdfs.log_in("brief"))
    while hdfs.kdc.tickets("brief", "HTTP/127.0.0.1") < 4:
        assert one.process.poll() is None and one.sent < 100000, one.log.read_text()
        one.send(100, pause=0.2)
    one.finish()
    check(one.sent, files=1)
    assert not re.search("WARN|ERROR", one.log.read_text())


def test_a_kdc_that_is_down_is_not_missed(hdfs, agent, check):
    hdfs.kdc.limit("renewed", 20)
    one = agent(**hdfs.log_in("renewed"))
    one.send(1000, pause=0.1)
    hdfs.kdc.stop()
    try:
        one.wait_for("Cannot contact any KDC for realm", lambda: one.send(100, pause=0.2))
        assert "the present one is good for" in one.log.read_text()
    finally:
        hdfs.kdc.start()
    one.finish()
    check(one.sent, files=1)


# ---- servers that fail ----


def test_data_node_killed_and_restarted(hdfs, agent, check):
    one = agent(hdfs_callTimeout=2000)
    one.send(1000, pause=0.05)
    hdfs.do("kill", "datanode")
    one.send(1000)
    one.wait_for("DataNode at https://")
    hdfs.do("run", "datanode")
    one.send(1000, pause=0.05)
    one.finish()
    check(3000)
    assert "delegation=" not in one.log.read_text(), "a token is a secret"


def test_name_node_killed_and_restarted(hdfs, agent, check):
    """It then knows none of its cookies, nor the ticket's session."""
    one = agent(hdfs_callTimeout=2000)
    one.send(1000, pause=0.05)
    hdfs.do("kill", "namenode")
    one.send(1000, pause=0.05)
    hdfs.do("run", "namenode")
    one.send(1000, pause=0.05)
    one.finish()
    check(3000)
