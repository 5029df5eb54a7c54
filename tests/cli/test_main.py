# SPDX-License-Identifier: Apache-2.0
"""Commands, help, version and wrong command lines."""

import pytest
from conftest import DATA, run_flow


@pytest.mark.parametrize("arguments", [["help"], ["--help"], ["-h"], ["agent", "--help"],
                                       ["agent", "-h"], ["check", "-n", "a1", "--help"]])
def test_help_is_shown(arguments):
    result = run_flow(*arguments)
    assert result.status == 0
    assert result.out.startswith("Usage: flow COMMAND")
    assert result.err == ""


def test_version_is_shown():
    result = run_flow("version")
    assert result.status == 0
    assert result.out.startswith("flow 0.")


@pytest.mark.parametrize("name", ["nonsense", "tool"])
def test_an_unknown_command_is_refused_in_the_words_of_flume(name):
    result = run_flow(name)
    assert result.status == 1
    assert result.err.startswith(f"Error: Unknown or unspecified command '{name}'\n")
    assert result.out == ""


def test_no_command_is_refused():
    assert run_flow().status == 1


@pytest.mark.parametrize(("arguments", "message"), [
    (["--nonsense"], "unrecognized option '--nonsense'"),
    (["--name"], "a value is missing behind '--name'"),
    (["--lenient=yes"], "no value belongs to '--lenient=yes'"),
    (["--poll-interval", "0"], "--poll-interval takes a number of seconds, not '0'"),
    (["--poll-interval", "1s"], "--poll-interval takes a number of seconds, not '1s'"),
    (["--set", "novalue"], "--set takes KEY=VALUE, not 'novalue'"),
    (["-D=x"], "-D needs a name"),
    (["--zkConnString", "h:2181"], "configurations in ZooKeeper are not supported"),
    (["-z", "h:2181"], "configurations in ZooKeeper are not supported"),
    (["--zkBasePath", "/x"], "configurations in ZooKeeper are not supported"),
    (["--conf-provider", "X"], "providers are Java classes"),
    (["-prov", "X"], "providers are Java classes"),
    (["--auth-provider", "X"], "providers are Java classes"),
    (["-user", "u", "-f", "a.conf"], "--conf-user and --conf-password belong together"),
    (["-pwd", "p", "-f", "a.conf"], "--conf-user and --conf-password belong together"),
    (["-Dflume.monitoring.type=ganglia"], "flume.monitoring.type: there is http, not 'ganglia'"),
    (["-Dflume.monitoring.type=HTTP", "-Dflume.monitoring.port=x"], "port: 'x' is no port"),
    (["-Dflume.monitoring.type=http", "-Dflume.monitoring.port=65536"], "'65536' is no port"),
    (["stray"], "unexpected argument 'stray'"),
    (["--format", "json"], "--format is for check, describe, graph and log"),
    (["--channel", "c1"], "--channel is for log"),
    (["--conf-"], "ambiguous option '--conf-'"),
    (["--naem", "a1"], "unrecognized option '--naem'"),
    (["--na=a1", "--fa1"], "unrecognized option '--fa1'"),
    (["-i3s"], "--poll-interval takes a number of seconds, not '3s'"),
    ([], "no configuration was given"),
    (["-u", "ftp://host/a.conf"], "there are only http:, https:, file: and, with --conf, class"),
    (["-u", "classpath:a.conf"], "there are only http:, https:, file: and, with --conf, class"),
])
def test_a_wrong_command_line_is_refused(arguments, message, tmp_path):
    result = run_flow("agent", *arguments, cwd=tmp_path)
    assert not list(tmp_path.iterdir())
    assert result.status == 1
    assert message in result.err
    assert result.out == ""


@pytest.mark.parametrize("option", [["-Xmx512m"], ["-Xms1g", "-XX:+UseG1GC"],
                                    ["-agentlib:jdwp=x"], ["-javaagent:x.jar"],
                                    ["-C", "lib/*"], ["--classpath", "lib/*"],
                                    ["-Dlog4j.configuration=x"], ["-Djavax.net.ssl.keyStore=x"]])
def test_options_for_java_have_no_effect_and_a_line_says_so(option):
    conf = DATA / "confs" / "flume-netcat-logger.conf"
    result = run_flow("check", *option, conf)
    assert result.status == 0
    assert result.err.count("has no effect, as there is no Java here\n") >= 1


@pytest.mark.parametrize("options", [["-na1", "-f{}"], ["--na", "a1", "--conf-fi", "{}"],
                                     ["-name=a1", "–f{}", "--no-rel"], ["-n=a1", "--conf-fi={}"]])
def test_options_may_be_shortened_as_in_flume(conf, options):
    result = run_flow("agent", "--dryrun", *[option.format(conf) for option in options])
    assert result.status == 0
    assert result.out.startswith("agent a1\n")


@pytest.mark.parametrize("command", ["version", "help"])
def test_words_that_mean_nothing_are_refused(command):
    result = run_flow(command, "stray")
    assert result.status == 1
    assert "unexpected argument 'stray'" in result.err


# ---- flume.opts ----


def dry_run(tmp_path, text, *arguments):
    """`flow agent --dryrun` beside a flume.opts with TEXT."""
    (tmp_path / "flume.opts").write_text(text)
    return run_flow("agent", "--dryrun", "--conf", tmp_path, *arguments)


def test_options_have_defaults_in_a_file(conf, tmp_path):
    result = dry_run(tmp_path, f"name = a1\nconf-file = {conf}\n-i=7\n--no-reload-conf: true\n")
    assert result.status == 0
    assert result.out.startswith("agent a1\n")
    assert run_flow("check", "--conf", tmp_path).status == 1  # of agents only, as in Flume


def test_the_command_line_wins_over_the_file(conf, tmp_path):
    text = f"name = b\nf = {tmp_path}/none\nb = /nowhere\n"
    assert dry_run(tmp_path, text).status == 2
    assert dry_run(tmp_path, text, "-n", "a1", "-f", conf).out.startswith("agent a1\n")


@pytest.mark.parametrize(("value", "is_taken"), [("true", True), ("YES", True), ("1", True),
                                                 ("false", False), ("", False), ("on", False)])
def test_an_option_without_a_value_is_given_when_it_is_true(conf, tmp_path, value, is_taken):
    conf.write_text(conf.read_text().replace("= logger", "= nothing"))
    result = dry_run(tmp_path, f"lenient = {value}\n", "-f", conf)
    assert (result.status == 0) == is_taken


@pytest.mark.parametrize("name", ["nonsense", "conf", "c", "-D"])
def test_an_option_that_the_file_cannot_have(conf, tmp_path, name):
    result = dry_run(tmp_path, f"{name} = x\n", "-f", conf)
    assert result.status == 1
    assert f"Error: {tmp_path}/flume.opts: unrecognized option '{name}'" in result.err


def test_a_wrong_value_in_the_file(conf, tmp_path):
    result = dry_run(tmp_path, "poll-interval = soon\n", "-f", conf)
    assert result.status == 1
    assert "--poll-interval takes a number of seconds, not 'soon'" in result.err


def test_node_is_the_old_name_of_agent():
    result = run_flow("node")
    assert result.status == 1
    assert "'node' is the old name of 'agent'" in result.err
