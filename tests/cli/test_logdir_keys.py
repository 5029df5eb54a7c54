# SPDX-License-Identifier: Apache-2.0
"""An agent with Flume's own settings of encryption, and `flow log` on what it leaves."""

import json

import pytest
from conftest import DATA, run_flow, send
from test_logdir import CONF, LINES, Log, flip

KEYS = DATA / "keys"
ENCRYPTION = """\
a1.channels.c1.encryption.activeKey = {active}
a1.channels.c1.encryption.cipherProvider = AESCTRNOPADDING
a1.channels.c1.encryption.keyProvider = JCEKSFILE
a1.channels.c1.encryption.keyProvider.keyStoreFile = {keys}/keystore
a1.channels.c1.encryption.keyProvider.keyStorePasswordFile = {keys}/password
a1.channels.c1.encryption.keyProvider.keys = key-0 key-2
a1.channels.c1.encryption.keyProvider.keys.key-2.passwordFile = {keys}/password-2
a1.channels.c1.compression = zstd
"""
GIVEN = ("--key-store", KEYS / "keystore", "--key-store-password-file", KEYS / "password",
         "--key-password-file", f"key-2={KEYS / 'password-2'}")


@pytest.fixture
def write_conf(tmp_path, port):
    def write(active, more=""):
        path = tmp_path / "a.conf"
        path.write_text(CONF.format(port=port, folder=tmp_path) +
                        ENCRYPTION.format(active=active, keys=KEYS) + more)
        return path
    return write


@pytest.fixture
def log(tmp_path, write_conf, agent, port):
    """Twenty events, the first ten with one key and the others with the next."""
    for active, lines in (("key-0", LINES[:10]), ("key-2", LINES[10:])):
        conf = write_conf(active)
        running = agent("--conf-file", conf, "--name", "a1", "--stop-timeout", "1")
        running.wait_for("agent a1 runs")
        for line in lines:
            assert send(port, line + "\n") == "OK\n"
        running.stop()
    return Log(tmp_path, conf)


def test_nothing_can_be_read_in_the_files(log):
    files = [path for path in log.files() if path != log.conf]
    assert [path for path in files if path.name.startswith("segment-")]
    for path in files:
        content = path.read_bytes()
        assert b"line 1" not in content, path
        assert b"where" not in content, path


def test_a_sink_gets_it_all_after_the_key_has_changed(log, write_conf, agent, tmp_path):
    roll = tmp_path / "roll"
    roll.mkdir()
    write_conf("key-0", "a1.sinks = k1\na1.sinks.k1.type = file_roll\na1.sinks.k1.channel = c1\n"
                        f"a1.sinks.k1.sink.directory = {roll}\n")
    running = agent("--conf-file", log.conf, "--name", "a1")
    running.wait_for("agent a1 runs")
    running.stop()
    assert "".join(path.read_text() for path in roll.iterdir()).splitlines() == LINES


def test_stat_tells_which_keys_are_needed(log):
    stat = json.loads(log.run("stat", "--json").out)
    assert stat["encrypted"] == stat["segments"] and stat["consumersHidden"] is True
    assert [key["name"] for key in stat["keys"]] == ["key-0", "key-2"]
    assert "with the key 'key-0'\n" in log.run("stat").out
    stat = json.loads(log.run("stat", "--json", *GIVEN).out)
    assert stat["consumersHidden"] is False
    assert stat["consumers"] == [{"name": "", "watermark": 0, "doneAbove": 0, "backlog": 20,
                                  "skipped": 0, "letters": 0, "paused": False}]


def test_dump_and_export_need_the_keys(log):
    lines = log.run("dump", "--events").out.splitlines()
    puts = [line for line in lines if " put, " in line]
    assert len(puts) == 20 and all(", encrypted, 1 events" in line for line in puts)
    assert not [line for line in lines if "line 7" in line]
    result = log.run("export")
    assert result.status == 3 and "is encrypted with the key 'key-0'" in result.err
    assert '    7 {"where": "here"} "line 7"' in log.run("dump", "--events", *GIVEN).out
    assert log.run("export", *GIVEN).out.splitlines() == LINES


def test_the_configuration_tells_the_keys(log):
    which = ("-f", log.conf, "--name", "a1")
    assert run_flow("log", "export", *which).out.splitlines() == LINES
    result = run_flow("log", "export", *which, "--no-keys")
    assert result.status == 3 and "there are no keys" in result.err
    result = run_flow("log", "stat", *which, "--key-store", KEYS / "keystore",
                      "--key-store-password-file", log.conf)
    assert result.status == 3 and "does not have the password" in result.err


def test_damage_is_told_and_repaired_with_keys_and_without(log):
    segment, byte = log.frames("put")[7]
    flip(segment, byte + 80)
    for keys in ((), GIVEN):
        result = log.run("verify", *keys)
        assert result.status == 4
        assert ("by its checksums alone" in result.err) == (not keys)
        assert result.out.endswith("lost: offsets 7 to 7\n1 fault, 1 event lost\n")
    assert log.run("repair", "--yes").status == 0
    assert log.run("verify", *GIVEN).out == "0 faults, 0 events lost\n"
    kept = [line for line in LINES if line != "line 7"]
    assert log.run("export", *GIVEN).out.splitlines() == kept


def test_a_channel_without_the_key_does_not_start(log, agent):
    text = log.conf.read_text()
    log.conf.write_text("\n".join(line for line in text.splitlines() if "encryption" not in line))
    result = run_flow("agent", "-f", log.conf, "-n", "a1")
    assert result.status == 3
    assert "is encrypted with the key 'key-" in result.err
    assert str(log.data) in result.err or str(log.data.parent) in result.err


def test_settings_that_do_not_fit_are_refused(write_conf):
    conf = write_conf("key-0")
    text = conf.read_text()
    for old, new, why in (
            ("JCEKSFILE", "com.example.Mine", "classes of one's own cannot be loaded"),
            ("AESCTRNOPADDING", "ROT13", "AESGCM, or AESCTRNOPADDING"),
            ("keyProvider.keys = key-0 key-2", "keyProvider.keys =", "no key"),
            ("key-2.passwordFile", "key-2.secret", ".passwordFile")):
        conf.write_text(text.replace(old, new))
        result = run_flow("check", "-f", conf, "--name", "a1")
        assert result.status == 2 and why in result.out + result.err, (result.out, result.err)
    conf.write_text(text.replace("AESCTRNOPADDING",
                                 "org.apache.flume.channel.file.encryption.AESCTRNoPaddingProvider"))
    assert run_flow("check", "-f", conf, "--name", "a1").status == 0


def test_wrong_options(log):
    assert "belong together" in log.run("stat", "--key-store", KEYS / "keystore").err
    assert log.run("stat", "--key-password-file", "alone").status == 1
    assert "goes with" in log.run("stat", "--key-password-file", f"key-0={log.conf}").err
