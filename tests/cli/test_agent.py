# SPDX-License-Identifier: Apache-2.0
"""`flow agent`: running, logging, changed configurations, signals and exit status."""

import os
import re
import signal
import stat

import pytest
from conftest import run_flow, send

RUNS = "agent a1 runs$"


def test_the_command_line_of_the_tutorial(agent, conf, port, tmp_path):
    folder = tmp_path / "job"
    folder.mkdir()
    conf.rename(folder / "flume-netcat-logger.conf")
    one = agent("--conf", "conf/", "--name", "a1", "--conf-file", "job/flume-netcat-logger.conf",
                "-Dflume.root.logger=INFO,console")
    one.wait_for(RUNS)
    assert send(port, "hello\n") == "OK\n"
    one.wait_for(r"Event: \{ headers:\{\} body: 68 65 6C 6C 6F +hello \}")
    assert one.stop() == 143


def test_pasted_dashes(agent, conf):
    one = agent("–f", conf, "–-name", "a1", "—conf", "x", "-Dflume.root.logger==INFO,console")
    one.wait_for(RUNS)
    assert one.stop() == 143


def test_flume_layout_of_the_console(agent, conf):
    one = agent("-n", "a1", "-f", conf)
    line = one.wait_for(RUNS)
    assert re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} \(main\) \[INFO - flow\] agent a1", line)
    one.stop()


def test_log_file(agent, conf, tmp_path):
    one = agent("-n", "a1", "-f", conf, "-Dflume.root.logger=INFO,LOGFILE",
                f"-Dflume.log.dir={tmp_path}/x/y", "-Dflume.log.file=z.log", "--poll-interval", "1")
    log = tmp_path / "x" / "y" / "z.log"
    while not log.exists() or "agent a1 runs" not in log.read_text():
        assert one.process.poll() is None
    assert one.stop() == 143
    assert one.log == ""
    assert "stopping on SIGTERM" in log.read_text()


def test_log_level(agent, conf):
    one = agent("-n", "a1", "-f", conf, "-Dflume.root.logger=WARN,console",
                "--set", "a1.sources.r1.none=1")
    one.wait_for("no property 'none'")
    os.kill(one.process.pid, 0)
    # The process is ready for a signal once it holds it back; before, it would just end.
    while True:
        blocked = re.search(r"SigBlk:\s*(\w+)", open(f"/proc/{one.process.pid}/status").read())
        if int(blocked.group(1), 16) & 1 << (signal.SIGTERM - 1):
            break
    assert one.stop() == 143
    assert "INFO" not in one.log


def test_the_configuration_is_logged_when_asked_for(conf):
    arguments = ["agent", "--dryrun", "-n", "a1", "-f", conf, "-Dflume.root.logger=DEBUG,console"]
    line = "[DEBUG - flow] configuration: a1.sources.r1.type = netcat"
    assert line not in run_flow(*arguments).err
    printed = run_flow(*arguments, "-Dorg.apache.flume.log.printconfig=true")
    assert line in printed.err
    assert "has no effect" not in printed.err


def test_dry_run(conf):
    result = run_flow("agent", "--dryrun", "-n", "a1", "-f", conf)
    assert result.status == 0
    assert result.out.startswith("agent a1\n  channel c1 (memory)\n")


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130),
                                                (signal.SIGHUP, 129)])
def test_signals_stop_in_order(agent, conf, number, status):
    one = agent("-n", "a1", "-f", conf, "--no-reload-conf")
    one.wait_for(RUNS)
    assert one.stop(number) == status
    assert "stopped" in one.lines[-1]


def test_a_second_signal_ends_at_once(agent, conf, port):
    # Nobody takes from the channel, so the agent would wait for it to become empty.
    conf.write_text(conf.read_text().replace("a1.sinks = k1", "").replace("a1.sinks.k1", "#"))
    one = agent("-n", "a1", "-f", conf, "--stop-timeout", "1000")
    one.wait_for(RUNS)
    assert send(port, "kept\n") == "OK\n"
    one.process.send_signal(signal.SIGINT)
    one.wait_for("stopping on SIGINT")
    assert one.stop(signal.SIGTERM) == 143
    one.wait_for("stopped at once by a second signal")


def test_what_is_in_the_channel_is_delivered_before_the_end(agent, conf, port):
    one = agent("-n", "a1", "-f", conf)
    one.wait_for(RUNS)
    assert send(port, "".join(f"line {i}\n" for i in range(50))) == "OK\n" * 50
    assert one.stop() == 143
    assert one.log.count("Event: {") == 50


def test_a_faulty_configuration_starts_nothing(conf):
    conf.write_text(conf.read_text().replace("memory", "memroy"))
    result = run_flow("agent", "-n", "a1", "-f", conf)
    assert result.status == 2
    assert f"[ERROR - flow] {conf}:8:23: channel c1: a1.channels.c1.type: unknown" in result.err
    assert "1 error in the configuration of agent a1" in result.err


def test_a_missing_agent_or_file(conf, tmp_path):
    assert run_flow("agent", "-n", "b", "-f", conf).status == 2
    assert run_flow("agent", "-n", "a1", "-f", tmp_path / "none").status == 2


def test_lenience_runs_the_rest(agent, conf):
    conf.write_text(conf.read_text().replace("k1\n", "k1 k2\n") +
                    "a1.sinks.k2.type = nothing\na1.sinks.k2.channel = c1\n")
    assert run_flow("agent", "-n", "a1", "-f", conf, "--dryrun").status == 2
    one = agent("-n", "a1", "-f", conf, "--lenient")
    one.wait_for("ERROR.*unknown sink type 'nothing'")
    one.wait_for(RUNS)
    assert one.stop() == 143


def test_a_channel_that_cannot_open_is_a_failure(conf, tmp_path):
    result = run_flow("agent", "-n", "a1", "-f", conf, "--plugins-path", tmp_path / "none",
                      "-Dflume.root.logger=INFO,LOGFILE", "-Dflume.log.dir=/proc/none")
    assert result.status == 3
    assert "cannot write the log /proc/none/flume.log" in result.err


# ---- changed configurations ----


def replace(conf, text):
    """Replaces a file the way editors do, so that nobody reads half of it."""
    fresh = conf.with_suffix(".new")
    fresh.write_text(text)
    fresh.rename(conf)


def test_a_changed_configuration_is_taken_over(agent, conf, port):
    one = agent("-n", "a1", "-f", conf, "--poll-interval", "1")
    one.wait_for(RUNS)
    replace(conf, conf.read_text() + "a1.sources.r1.ack-every-event = false\n"
                                     "a1.sinks.k1.maxBytesToLog = 3\n")
    one.wait_for("agent a1 runs with the changed configuration")
    assert send(port, "") == ""
    assert one.stop() == 143


def test_a_faulty_change_keeps_the_old_one(agent, conf, port):
    one = agent("-n", "a1", "-f", conf, "-i", "1")
    one.wait_for(RUNS)
    sound = conf.read_text()
    replace(conf, sound.replace("memory", "memroy"))
    one.wait_for("unknown channel type 'memroy'")
    one.wait_for("the old configuration stays")
    assert send(port, "still there\n") == "OK\n"
    replace(conf, sound + "\n")
    one.wait_for("agent a1 runs with the changed configuration")
    assert send(port, "again\n") == "OK\n"
    assert one.stop() == 143


def test_a_removed_file_changes_nothing(agent, conf, port):
    one = agent("-n", "a1", "-f", conf, "-i", "1")
    one.wait_for(RUNS)
    sound = conf.read_text()
    conf.unlink()
    assert send(port, "one\n") == "OK\n"
    replace(conf, sound)
    one.wait_for("agent a1 runs with the changed configuration")
    assert one.stop() == 143


def test_no_reload(agent, conf):
    one = agent("-n", "a1", "-f", conf, "-i", "1", "--no-reload-conf")
    one.wait_for(RUNS)
    # Nobody looks, so there is nothing to wait for: the process sleeps without a time limit.
    replace(conf, "nonsense\n")
    assert one.stop() == 143
    assert "changed" not in one.log


def test_a_service_waits_for_its_configuration(agent, conf, port):
    sound = conf.read_text()
    conf.unlink()
    service = "-Dflume.called.from.service"
    assert run_flow("agent", "-n", "a1", "-f", conf, service, "--no-reload-conf").status == 2
    one = agent("-n", "a1", "-f", conf, service, "-i", "1")
    one.wait_for(f"{conf} is not there yet; waiting for it")
    replace(conf, sound)
    one.wait_for(RUNS)
    assert send(port, "x\n") == "OK\n"
    assert one.stop() == 143


def test_a_service_that_waits_can_be_stopped(agent, conf):
    conf.unlink()
    one = agent("-n", "a1", "-f", conf, "-Dflume.called.from.service=true")
    one.wait_for("waiting for it")
    assert one.stop(signal.SIGINT) == 130


# ---- the copy of the configuration ----


def test_a_backup_is_kept_and_used(agent, conf, tmp_path, port):
    conf.write_text(conf.read_text() + "a1.sinks.k1.note = \\ a\\tb:c=d \\\\ $${x} \\u00e4 #\n")
    arguments = ("-n", "a1", "-f", conf, "-b", tmp_path)
    one = agent(*arguments)
    one.wait_for(RUNS)
    assert one.stop() == 143
    backup = tmp_path / ".a1.properties"
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600

    first = run_flow("check", "--format", "json", conf).out.replace(str(conf), "F")
    second = run_flow("check", "--format", "json", backup).out.replace(str(backup), "F")
    without_place = re.compile(r'"line": \d+, "column": \d+')
    assert without_place.sub("", second) == without_place.sub("", first)

    conf.unlink()
    two = agent(*arguments)
    two.wait_for("the copy in")
    two.wait_for(RUNS)
    assert send(port, "x\n") == "OK\n"
    assert two.stop() == 143


def test_without_a_backup_a_missing_file_is_an_error(conf, tmp_path):
    conf.unlink()
    assert run_flow("agent", "-n", "a1", "-f", conf, "-b", tmp_path).status == 2
