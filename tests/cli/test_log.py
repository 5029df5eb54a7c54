# SPDX-License-Identifier: Apache-2.0
"""The log of an agent: its layouts, what log4j.properties says of it, and how it is rolled."""

import datetime
import os
import re
import signal
import time

import pytest
from conftest import TIMEOUT, run_flow, send

RUNS = "agent a1 runs$"

# Numbers from 0 on, which the logger sink logs.
NUMBERS = """\
a1.sources = r1
a1.channels = c1
a1.sinks = k1
a1.sources.r1.type = seq
a1.sources.r1.batchSize = 50
a1.sources.r1.totalEvents = {total}
a1.sources.r1.channels = c1
a1.channels.c1.type = memory
a1.sinks.k1.type = logger
a1.sinks.k1.channel = c1
"""


@pytest.fixture
def logs(tmp_path):
    folder = tmp_path / "logs"
    folder.mkdir()
    return folder


@pytest.fixture
def numbers(tmp_path):
    path = tmp_path / "numbers.conf"
    path.write_text(NUMBERS.format(total=9223372036854775807))
    return path


def log4j(tmp_path, logs, size="2KB", backups=3, root="INFO,LOGFILE", more=""):
    """A folder for --conf with a log4j.properties like Flume's, and the option."""
    (tmp_path / "log4j.properties").write_text(
        f"flume.root.logger={root}\nflume.log.dir={logs}\nflume.log.file=z.log\n"
        "log4j.rootLogger=${flume.root.logger}\n"
        "log4j.appender.LOGFILE=org.apache.log4j.RollingFileAppender\n"
        f"log4j.appender.LOGFILE.MaxFileSize={size}\n"
        f"log4j.appender.LOGFILE.MaxBackupIndex={backups}\n"
        "log4j.appender.LOGFILE.File=${flume.log.dir}/${flume.log.file}\n" + more)
    return ["--conf", tmp_path]


def wait_until(check, one):
    deadline = time.monotonic() + TIMEOUT
    while not check():
        assert one.process.poll() is None and time.monotonic() < deadline, one.log
        time.sleep(0.005)


def text_of(path):
    """What is in a file; nothing when it is just being given another name."""
    try:
        return path.read_text()
    except FileNotFoundError:
        return ""


def in_order(logs):
    """The files from the oldest to the newest."""
    def age(path):
        return -int(path.suffix[1:]) if path.suffix != ".log" else 0
    return sorted(logs.glob("z.log*"), key=age)


def logged(files):
    """The numbers that were logged, in the order of the files."""
    return [int(number) for path in files
            for number in re.findall(r"body: (?:3\d )+ *(\d+) ?\}\n", text_of(path))]


# ---- layouts and settings ----


def test_the_layout_of_a_file(agent, conf, logs):
    one = agent("-n", "a1", "-f", conf, "-Dflume.root.logger=INFO,LOGFILE,console",
                f"-Dflume.log.dir={logs}")
    one.wait_for(RUNS)
    assert one.stop() == 143
    assert re.search(r"^\d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d,\d{3} INFO  \[main\] \(flow\)  - "
                     r"agent a1 runs$", (logs / "flume.log").read_text(), re.M)
    assert re.search(r"^\d{4}-\d\d-\d\d .* \[INFO - flow\] agent a1 runs$", one.log, re.M)


def test_a_long_message_is_whole(agent, conf, logs, port):
    conf.write_text(conf.read_text() + "a1.sinks.k1.maxBytesToLog = 9000\n"
                                       "a1.sources.r1.max-line-length = 9000\n")
    one = agent("-n", "a1", "-f", conf, "-Dflume.root.logger=INFO,LOGFILE",
                f"-Dflume.log.dir={logs}")
    wait_until(lambda: "agent a1 runs\n" in text_of(logs / "flume.log"), one)
    assert send(port, "x" * 8000 + "\n") == "OK\n"
    assert one.stop() == 143
    assert len(re.findall(r"(?<!\d)78 ", (logs / "flume.log").read_text())) == 8000


def test_log4j_properties_say_where_the_log_goes(agent, conf, tmp_path, logs):
    one = agent("-n", "a1", "-f", conf, *log4j(tmp_path, logs, root="WARN,LOGFILE"))
    wait_until(lambda: (logs / "z.log").exists(), one)
    one.process.kill()
    one.wait()
    assert one.log == ""


def test_definitions_win_over_log4j_properties(agent, conf, tmp_path, logs):
    one = agent("-n", "a1", "-f", conf, *log4j(tmp_path, logs),
                "-Dflume.root.logger=INFO,console")
    one.wait_for(RUNS)
    assert one.stop() == 143
    assert not (logs / "z.log").exists()


def test_a_root_logger_without_the_property(agent, conf, tmp_path, logs):
    options = log4j(tmp_path, logs, more="log4j.rootLogger=INFO, console\n")
    one = agent("-n", "a1", "-f", conf, *options)
    one.wait_for(RUNS)
    assert one.stop() == 143
    assert not (logs / "z.log").exists()


def test_wrong_settings_are_told(conf, tmp_path, logs):
    options = log4j(tmp_path, logs, size="10 MB", backups="many", root="LOUD,console,SYSLOG")
    result = run_flow("agent", "--dryrun", "-n", "a1", "-f", conf, *options)
    assert result.status == 0
    assert "MaxFileSize: '10 MB' is no size; 100MB is used" in result.err
    assert "MaxBackupIndex: 'many' is no such number; 10 is used" in result.err
    assert "'LOUD' is no level; INFO is used" in result.err
    assert "there is no appender 'SYSLOG', only console, LOGFILE and DAILY" in result.err


# ---- rolling by size ----


def test_a_full_file_is_rolled_and_the_oldest_dropped(agent, tmp_path, logs):
    conf = tmp_path / "numbers.conf"
    conf.write_text(NUMBERS.format(total=500))
    one = agent("-n", "a1", "-f", conf, *log4j(tmp_path, logs))
    wait_until(lambda: 499 in logged(in_order(logs)), one)
    assert one.stop() == 143
    files = in_order(logs)
    assert [path.name for path in files] == ["z.log.3", "z.log.2", "z.log.1", "z.log"]
    assert all(2048 <= path.stat().st_size < 2048 + 200 for path in files[:3])
    found = logged(files)
    assert found == list(range(found[0], 500))
    assert found[0] > 0


def test_without_backups_the_file_is_emptied(agent, tmp_path, logs):
    conf = tmp_path / "numbers.conf"
    conf.write_text(NUMBERS.format(total=500))
    one = agent("-n", "a1", "-f", conf, *log4j(tmp_path, logs, backups=0))
    wait_until(lambda: 499 in logged(in_order(logs)), one)
    assert one.stop() == 143
    assert [path.name for path in in_order(logs)] == ["z.log"]
    assert (logs / "z.log").stat().st_size < 2048 + 200


def test_a_name_that_is_free_is_filled_first(agent, conf, tmp_path, logs):
    (logs / "z.log").write_text("newest\n" * 400)
    (logs / "z.log.1").write_text("older\n")
    (logs / "z.log.3").write_text("oldest\n")
    one = agent("-n", "a1", "-f", conf, *log4j(tmp_path, logs))
    wait_until(lambda: (logs / "z.log.2").exists(), one)
    assert one.stop() == 143
    assert (logs / "z.log.1").read_text().startswith("newest\n")
    assert (logs / "z.log.2").read_text() == "older\n"
    assert (logs / "z.log.3").read_text() == "oldest\n"


def test_a_log_that_cannot_be_rolled_goes_on(agent, tmp_path, logs):
    (logs / "z.log.1" / "kept").mkdir(parents=True)
    conf = tmp_path / "numbers.conf"
    conf.write_text(NUMBERS.format(total=200))
    one = agent("-n", "a1", "-f", conf, *log4j(tmp_path, logs, backups=1))
    one.wait_for(f"Warning: cannot roll the log {logs}/z.log: ")
    wait_until(lambda: 199 in logged([logs / "z.log"]), one)
    assert one.stop() == 143
    assert logged([logs / "z.log"]) == list(range(200))
    # Tried again when it has grown as much again, not at every line.
    assert len(one.lines) <= (logs / "z.log").stat().st_size // 2048


def test_no_line_is_lost_when_the_process_is_killed(agent, numbers, tmp_path, logs):
    for _ in range(8):
        one = agent("-n", "a1", "-f", numbers, *log4j(tmp_path, logs, size=500, backups=40))
        wait_until(lambda: (logs / "z.log.40").exists(), one)
        one.process.send_signal(signal.SIGKILL)
        one.wait()
        files = in_order(logs)
        # A name may be free where the move was cut short; no line is missing in between.
        found = logged(files)
        assert found == list(range(found[0], found[-1] + 1))
        for path in files:
            path.unlink()


def test_two_processes_may_write_to_one_file(agent, tmp_path, logs):
    total = 3000
    conf = tmp_path / "numbers.conf"
    conf.write_text(NUMBERS.format(total=total))
    options = log4j(tmp_path, logs, size="4KB", backups=100000)
    both = [agent("-n", "a1", "-f", conf, *options, "--stop-timeout", "1") for _ in range(2)]
    for one in both:
        wait_until(lambda: logged(in_order(logs)).count(total - 1) == 2, one)
    for one in both:
        assert one.stop() == 143
    found = logged(in_order(logs))
    assert sorted(found) == sorted(list(range(total)) * 2)


# ---- rolling by day ----


def yesterday():
    return datetime.datetime.now() - datetime.timedelta(days=1)


def leave_lines(path, when):
    path.write_text("left\n")
    os.utime(path, (when.timestamp(), when.timestamp()))


def test_a_new_day_begins_a_new_file(agent, conf, tmp_path, logs):
    leave_lines(logs / "z.log", yesterday())
    one = agent("-n", "a1", "-f", conf, *log4j(tmp_path, logs, root="INFO,DAILY"))
    wait_until(lambda: "agent a1 runs" in text_of(logs / "z.log"), one)
    assert one.stop() == 143
    old = logs / f"z.log.{yesterday():%Y-%m-%d}"
    assert old.read_text() == "left\n"
    assert "left" not in (logs / "z.log").read_text()
    assert {path.name for path in logs.iterdir()} == {"z.log", old.name}


def test_the_file_of_a_day_is_never_replaced(agent, conf, tmp_path, logs):
    leave_lines(logs / "z.log", yesterday())
    old = logs / f"z.log.{yesterday():%Y-%m-%d}"
    old.write_text("first\n")
    one = agent("-n", "a1", "-f", conf, *log4j(tmp_path, logs, root="INFO,DAILY"))
    wait_until(lambda: "agent a1 runs" in text_of(logs / "z.log"), one)
    assert one.stop() == 143
    assert old.read_text() == "first\n"
    assert (logs / f"{old.name}.1").read_text() == "left\n"


def test_lines_of_today_stay(agent, conf, tmp_path, logs):
    leave_lines(logs / "z.log", datetime.datetime.now())
    one = agent("-n", "a1", "-f", conf, *log4j(tmp_path, logs, root="INFO,DAILY"))
    wait_until(lambda: "agent a1 runs" in text_of(logs / "z.log"), one)
    assert one.stop() == 143
    assert (logs / "z.log").read_text().startswith("left\n")
