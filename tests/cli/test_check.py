# SPDX-License-Identifier: Apache-2.0
"""`flow check`: findings as text and JSON, overrides, substitution, and where settings come from."""

import json

import pytest
from conftest import DATA, environment, run_flow

CONFS = DATA / "confs"


def test_a_sound_configuration(conf):
    result = run_flow("check", conf)
    assert (result.status, result.out) == (0, "0 errors, 0 warnings\n")


def test_comments_behind_values_are_warnings():
    conf = CONFS / "flume-netcat-logger.conf"
    result = run_flow("check", "--conf-file", conf, "-n", "a1")
    assert result.status == 0
    assert result.out.endswith("0 errors, 12 warnings\n")
    assert f"{conf}:9:22: warning: source r1: a1.sources.r1.type: the comment" in result.out


def test_all_errors_are_told_with_their_place(conf):
    text = conf.read_text().replace("memory", "memroy")
    conf.write_text(text + "a1.sources.r1.ack-every-evnt = true\na1.sources.r1.max-line-length = x\n")
    result = run_flow("check", conf)
    assert result.status == 2
    lines = result.out.splitlines()
    assert lines == [
        f"{conf}:8:23: error: channel c1: a1.channels.c1.type: unknown channel type 'memroy' "
        "(did you mean 'memory'?)",
        f"{conf}:11:1: warning: source r1: a1.sources.r1.ack-every-evnt: the source type 'netcat' "
        "has no property 'ack-every-evnt' (did you mean 'ack-every-event'?)",
        f"{conf}:12:33: error: source r1: a1.sources.r1.max-line-length: 'x' is not a whole number "
        + lines[2].split("number ")[1],
        "2 errors, 1 warning",
    ]


AGENT = """\
a1.sources = r1
a1.channels = c1 c2 c3
a1.sinks = k1 k2
a1.sources.r1.type = seq
a1.sources.r1.channels = c1 c2
a1.channels.c1.type = memory
a1.channels.c2.type = memory
a1.channels.c3.type = memory
a1.sinks.k1.type = logger
a1.sinks.k1.channel = c1
a1.sinks.k2.type = logger
a1.sinks.k2.channel = c3
"""
MULTIPLEXING = """\
a1.sources.r1.selector.type = multiplexing
a1.sources.r1.selector.header = state
a1.sources.r1.selector.mapping.CZ = c1
a1.sources.r1.selector.mapping.U.S = c1 c2
a1.sources.r1.selector.optional.CZ = c2
a1.sources.r1.selector.default = c1
"""


def test_a_selector(conf):
    conf.write_text(AGENT + MULTIPLEXING)
    assert run_flow("check", conf).out == "0 errors, 0 warnings\n"


@pytest.mark.parametrize("right, wrong, line, column, key", [
    ("mapping.CZ = c1", "mapping.CZ = c1 c3", 15, 37, "mapping.CZ"),
    ("optional.CZ = c2", "optional.CZ = c9", 17, 38, "optional.CZ"),
    ("default = c1", "default = c3", 18, 34, "default"),
])
def test_a_selector_that_names_a_channel_of_another(conf, right, wrong, line, column, key):
    conf.write_text(AGENT + MULTIPLEXING.replace(right, wrong))
    assert run_flow("check", conf).out == (
        f"{conf}:{line}:{column}: error: source r1: a1.sources.r1.selector.{key}: "
        f"'{wrong[-2:]}' is not a channel of the source\n1 error, 0 warnings\n")


def test_a_selector_in_yaml(tmp_path):
    conf = tmp_path / "a.yaml"
    text = """\
a1:
  sources:
    r1:
      type: seq
      channels: [c1, c2]
      selector:
        type: multiplexing
        header: state
        mapping:
          CZ: c1
          U.S: [c1, c2]
        optional:
          CZ: [c2]
        default: c1
  channels:
    c1: {type: memory}
    c2: {type: memory}
  sinks:
    k1: {type: logger, channel: c1}
    k2: {type: logger, channel: c2}
"""
    conf.write_text(text)
    assert run_flow("check", conf).out == "0 errors, 0 warnings\n"
    conf.write_text(text.replace("[c1, c2]\n        optional", "[c1, c3]\n        optional"))
    assert run_flow("check", conf).out == (
        f"{conf}:11:16: error: source r1: a1.sources.r1.selector.mapping.U.S: "
        "'c3' is not a channel of the source\n1 error, 0 warnings\n")


GROUP = """\
a1.sinkgroups = g1
a1.sinkgroups.g1.sinks = k1 k2
"""


@pytest.mark.parametrize("text", [
    "type = failover\nP.priority.k1 = 5\nP.priority.k2 = -10\nP.maxpenalty = 10000",
    "type = load_balance\nP.backoff = true\nP.selector = random\nP.selector.maxTimeOut = 10000",
])
def test_a_group(conf, text):
    lines = f"P.{text}\n".replace("P.", "a1.sinkgroups.g1.processor.")
    conf.write_text(AGENT + GROUP + lines)
    assert run_flow("check", conf).out == "0 errors, 0 warnings\n"


def test_a_group_in_yaml(tmp_path):
    conf = tmp_path / "a.yaml"
    conf.write_text("""\
a1:
  sources:
    r1: {type: seq, channels: c1}
  channels:
    c1: {type: memory}
  sinks:
    k1: {type: logger, channel: c1}
    k2: {type: logger, channel: c1}
    k3: {type: logger, channel: c1}
    k4: {type: logger, channel: c1}
  sinkgroups:
    g1:
      sinks: [k1, k2]
      processor:
        type: load_balance
        backoff: true
        selector: random
        selector.maxTimeOut: 10000
    g2:
      sinks: [k3, k4]
      processor:
        type: failover
        priority: {k3: 10, k4: 5}
""")
    assert run_flow("check", conf).out == "0 errors, 0 warnings\n"


def test_what_a_group_does_not_heed_is_a_warning(conf):
    conf.write_text(AGENT + GROUP + """\
a1.sinkgroups.g1.processor.type = failover
a1.sinkgroups.g1.processor.priority.k1 = 5
a1.sinkgroups.g1.processor.priority.k2 = 5
a1.sinkgroups.g1.processor.priority.k3 = 9
""")
    result = run_flow("check", conf)
    place = f"{conf}:15:35: warning: group g1: a1.sinkgroups.g1.processor.type: "
    assert (result.status, result.out, result.err) == (
        0, f"{place}sinks k1 and k2 have the priority 5; k1 comes first\n"
        f"{place}'priority.k3' has no effect: the group has no sink 'k3'\n0 errors, 2 warnings\n", "")


@pytest.mark.parametrize("text, finding", [
    ("type = default",
     "15:35: error: group g1: a1.sinkgroups.g1.processor.type: the default processor serves one "
     "sink and group g1 has 2; choose failover or load_balance"),
    ("type = failover\nP.priority.k1 = first",
     "16:42: error: group g1: a1.sinkgroups.g1.processor.priority.k1: 'first' is not a whole "
     "number"),
    ("type = load_balance\nP.selector = com.example.Selector",
     "16:39: error: group g1: a1.sinkgroups.g1.processor.selector: 'com.example.Selector' is none "
     "of round_robin|random"),
])
def test_a_group_that_cannot_be(conf, text, finding):
    lines = f"P.{text}\n".replace("P.", "a1.sinkgroups.g1.processor.")
    conf.write_text(AGENT + GROUP + lines)
    assert f"{conf}:{finding}" in run_flow("check", conf).out


def test_a_group_of_one_has_nothing_to_balance(conf):
    conf.write_text(AGENT + GROUP.replace("k1 k2", "k1")
                    + "a1.sinkgroups.g1.processor.type = load_balance\n")
    assert (f"{conf}:15:35: error: group g1: a1.sinkgroups.g1.processor.type: there is nothing to "
            "balance: group g1 has one sink") in run_flow("check", conf).out


def test_json(conf):
    conf.write_text(conf.read_text().replace("netcat", "net\"cat"))
    result = run_flow("check", "--format", "json", conf)
    assert result.status == 2
    [finding] = json.loads(result.out)
    assert finding["severity"] == "error"
    assert finding["file"] == str(conf)
    assert (finding["line"], finding["column"]) == (4, 22)
    assert finding["component"] == "source r1"
    assert finding["key"] == "a1.sources.r1.type"
    assert finding["message"] == "unknown source type 'net\"cat'"


def test_json_of_nothing(conf):
    assert json.loads(run_flow("check", "--format", "json", conf).out) == []


def test_a_wrong_format_is_refused(conf):
    assert run_flow("check", "--format", "xml", conf).status == 1


def test_without_a_name_every_agent_is_checked(conf):
    broken = conf.read_text().replace("a1.", "a2.").replace("logger", "lgoger")
    conf.write_text(conf.read_text() + broken)
    assert run_flow("check", "-n", "a1", conf).status == 0
    result = run_flow("check", conf)
    assert result.status == 2
    assert result.out.count("lgoger") == 1
    assert result.out.endswith("1 error, 0 warnings\n")


def test_a_missing_agent(conf):
    result = run_flow("check", "-n", "b", conf)
    assert result.status == 2
    assert "the configuration has no agent 'b' (there is 'a1')" in result.out


def test_a_missing_file(tmp_path):
    result = run_flow("check", tmp_path / "none.conf")
    assert result.status == 2
    assert "none.conf" in result.err


def test_set_overrides(conf):
    result = run_flow("check", "--set", "a1.sources.r1.port=no", "--set", "a1.sinks.k1.x=1", conf)
    assert result.status == 2
    assert "error: source r1: a1.sources.r1.port: 'no' is not a whole number" in result.out


SECURE = """\
a1.sources = r1
a1.channels = c1
a1.sinks = k1
a1.sources.r1.type = avro
a1.sources.r1.channels = c1
a1.sources.r1.bind = localhost
a1.sources.r1.port = 4545
a1.sources.r1.ssl = true
a1.channels.c1.type = memory
a1.sinks.k1.type = logger
a1.sinks.k1.channel = c1
"""


@pytest.mark.parametrize("definitions, variables, culprit", [
    ([], {}, None),
    ([], {"FLUME_SSL_KEYSTORE_TYPE": "nonsense"}, "FLUME_SSL_KEYSTORE_TYPE"),
    (["-Djavax.net.ssl.keyStoreType=jks"], {"FLUME_SSL_KEYSTORE_TYPE": "nonsense"}, None),
    (["-Djavax.net.ssl.keyStoreType=BKS"], {}, "javax.net.ssl.keyStoreType"),
    (["-Djavax.net.ssl.keyStoreType=BKS", "--set", "a1.sources.r1.keystore-type=PEM"], {}, None),
])
def test_what_the_whole_process_is_given(conf, definitions, variables, culprit):
    conf.write_text(SECURE)
    variables |= {"FLUME_SSL_KEYSTORE_PATH": str(DATA / "tls" / "server.jks"),
                  "FLUME_SSL_KEYSTORE_PASSWORD": "changeit"}
    result = run_flow("check", conf, *definitions, env=environment(**variables))
    if culprit is None:
        assert (result.status, result.out) == (0, "0 errors, 0 warnings\n")
    else:
        assert result.status == 2
        assert f"source r1: {culprit}: " in result.out


def test_what_nobody_gives(conf):
    conf.write_text(SECURE)
    result = run_flow("check", conf)
    assert result.status == 2
    assert "source r1: a1.sources.r1.keystore: TLS needs a key store" in result.out


def test_later_files_override(conf, tmp_path):
    second = tmp_path / "b.conf"
    second.write_text("a1.sinks.k1.type = nothing\n")
    result = run_flow("check", "-f", conf, "-f", second)
    assert result.status == 2
    assert f"{second}:1:20: error" in result.out


def test_uris(conf, tmp_path):
    second = tmp_path / "b.conf"
    second.write_text("a1.sinks.k1.type = nothing\n")
    assert run_flow("check", "-u", f"file://{conf}", "-f", "/nowhere").status == 0
    assert run_flow("check", "-c", tmp_path, "-u", "classpath:a.conf", "-u",
                    "classpath:/b.conf").status == 2
    conf.rename(tmp_path / "a %é.conf")
    assert run_flow("check", "-u", f"file:{tmp_path}/a%20%25%C3%a9.conf").status == 0


def test_yaml(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text("a1:\n  sources: {r1: {type: netcat, bind: localhost, port: x, channels: [c1]}}\n"
                    "  channels: {c1: {type: memory}}\n"
                    "  sinks: {k1: {type: logger, channel: c1}}\n")
    result = run_flow("check", path)
    assert result.status == 2
    assert f"{path}:2:55: error: source r1: a1.sources.r1.port: 'x' is not" in result.out


# ---- -D, JAVA_OPTS and flume-env.sh ----


@pytest.fixture
def defined(conf):
    """A configuration whose port is ${sys:port}."""
    text = conf.read_text()
    line = [line for line in text.splitlines() if "port" in line][0]
    conf.write_text(text.replace(line, "a1.sources.r1.port = ${sys:port}"))
    return conf


def test_definitions(defined):
    assert run_flow("check", defined).status == 2
    assert run_flow("check", "-Dport=4141", defined).status == 0
    assert run_flow("check", "–Dport=4141", defined).status == 0
    assert "'x y'" in run_flow("check", "-Dport=x y", defined).out


@pytest.mark.parametrize("script", [
    'export JAVA_OPTS="-Xmx20m -Dport=4141"\n',
    "JAVA_OPTS='-Dport=4141'",
    "# JAVA_OPTS=-Dport=no\n  export JAVA_OPTS=-Dport=4141 # why\n",
    'P=x\nexport JAVA_OPTS="-Dx=1"\nJAVA_OPTS="$JAVA_OPTS -Dport=4141"\n',
    'JAVA_OPTS="-Dx=1"\nJAVA_OPTS+=" -Dport=4141"\n',
    'export JAVA_OPTS="${JAVA_OPTS} \\\n  -Dport=4141"\n',
    "export FLUME_JAVA_OPTS=-Dport=4141\n",
    'export JAVA_OPTS="-Dport=$PORT_OF_TEST"\n',
    'if [ -x /bin/true ]; then\n  JAVA_OPTS=-Dport=4141\nfi\n',
    'P=41; Q=41 # two\nJAVA_OPTS=-Dport=$P$Q\n',
    "export P=4141 JAVA_OPTS=-Dport=$P\n",
    'export JAVA_OPTS="-Dport=${PORT_OF_TEST:-no}"\n',
    "JAVA_OPTS=-Dport=${NO_PORT:-4141}\n",
    'JAVA_OPTS="-Dport=41\\\n41 -Dx=\\"y\\""\n',
    'P="\\x"\nJAVA_OPTS=-Dport=4141\n[ "$P" ] || JAVA_OPTS=-Dport=no\n',
    "JAVA_OPTS=-Dport=no\nJAVA_OPTS=-Dport=4141\nJAVA_OPTS=-Dport=no java -version\n",
])
def test_settings_of_flume_env(defined, tmp_path, script):
    (tmp_path / "flume-env.sh").write_text(script)
    result = run_flow("check", "--conf", tmp_path, defined,
                      env=environment(PORT_OF_TEST="4141"))
    assert result.status == 0, result.out


def test_nothing_of_flume_env_is_executed(defined, tmp_path):
    (tmp_path / "flume-env.sh").write_text(
        "touch made\nexport JAVA_OPTS=\"-Dport=$(touch made2) `touch made3`\"\n")
    run_flow("check", "--conf", tmp_path, defined, cwd=tmp_path)
    assert not list(tmp_path.glob("made*"))


def test_what_flume_env_exports_is_in_the_environment(conf, tmp_path):
    conf.write_text(conf.read_text().replace("localhost", "${env:HOST_OF_TEST}"))
    assert "has no value" in run_flow("check", conf).out
    (tmp_path / "flume-env.sh").write_text("HOST_OF_TEST=127.0.0.1\n")
    assert "has no value" in run_flow("check", "-c", tmp_path, conf).out
    for script in ("export HOST_OF_TEST=127.0.0.1\n", "HOST_OF_TEST=127.0.0.1\nexport HOST_OF_TEST",
                   "export A=1 HOST_OF_TEST='127.0.0.1' B\n"):
        (tmp_path / "flume-env.sh").write_text(script)
        result = run_flow("check", "-c", tmp_path, conf)
        assert (result.status, result.out) == (0, "0 errors, 0 warnings\n"), script
    # A variable that is in the environment already stays there.
    (tmp_path / "flume-env.sh").write_text("HOST_OF_TEST=127.0.0.1\n")
    env = environment(HOST_OF_TEST="no host")
    assert run_flow("check", "-c", tmp_path, conf, env=env).status == 0


def test_what_a_command_would_have_to_say_is_told(conf, tmp_path):
    conf.write_text(conf.read_text().replace("localhost", "${env:HOST_OF_TEST:-localhost}"))
    (tmp_path / "flume-env.sh").write_text("export HOST_OF_TEST=$(hostname -f)\n")
    result = run_flow("check", "-c", tmp_path, conf)
    assert (result.status, result.out) == (0, "0 errors, 0 warnings\n")
    assert result.err == (f"Warning: {tmp_path}/flume-env.sh: HOST_OF_TEST is set by a command, "
                          "which is not run\n")


def test_variables_for_java_have_no_effect_and_a_line_says_so(conf, tmp_path):
    (tmp_path / "flume-env.sh").write_text('FLUME_CLASSPATH="lib/*"\n')
    env = environment(FLUME_SSL_KEYSTORE_PATH="x", JAVA_HOME="/usr")
    result = run_flow("check", "-c", tmp_path, conf, env=env)
    assert result.status == 0
    assert result.err == ("Info: FLUME_CLASSPATH has no effect, as there is no Java here\n"
                          "Info: FLUME_SSL_KEYSTORE_PATH has no effect, as there is no Java here\n")


def test_the_command_line_wins_over_the_script_and_this_over_the_environment(defined, tmp_path):
    env = environment(JAVA_OPTS="-Dport=no")
    assert run_flow("check", defined, env=env).status == 2
    (tmp_path / "flume-env.sh").write_text("JAVA_OPTS=-Dport=4141\n")
    assert run_flow("check", "-c", tmp_path, defined, env=env).status == 0
    assert run_flow("check", "-c", tmp_path, "-Dport=no", defined, env=env).status == 2


def test_hadoop_settings_in_conf_reach_the_hdfs_sink(tmp_path):
    conf = CONFS / "flume-file-hdfs.conf"
    (tmp_path / "core-site.xml").write_text("<configuration/>")
    key = "a2.sinks.k2.hdfs.confDir"
    show = ["graph", "-n", "a2", "-f", conf, "--set", f"a2.sinks.k2.channel=${{{key}:-none}}"]
    assert "from none" in run_flow(*show).out
    assert f"from {tmp_path}" in run_flow(*show, "-c", tmp_path).out
    assert "from mine" in run_flow(*show, "-c", tmp_path, "--set", f"{key}=mine").out


def test_hadoop_settings_are_found_as_the_hadoop_command_finds_them(tmp_path):
    conf = CONFS / "flume-file-hdfs.conf"
    folder = tmp_path / "etc" / "hadoop"
    folder.mkdir(parents=True)
    (folder / "hdfs-site.xml").write_text("<configuration/>")
    key = "a2.sinks.k2.hdfs.confDir"
    show = ["graph", "-n", "a2", "-f", conf, "--set", f"a2.sinks.k2.channel=${{{key}:-none}}"]
    for name in ("HADOOP_HOME", "HADOOP_PREFIX"):
        env = environment(**{name: str(tmp_path)})
        assert f"from {folder}" in run_flow(*show, env=env).out
        assert "from none" in run_flow(*show, env=environment(**{name: "/nowhere"})).out
        assert "from none" in run_flow(*show, env=env | {"HADOOP_CONF_DIR": "/x"}).out
    script = tmp_path / "flume-env.sh"
    script.write_text(f"export HADOOP_HOME={tmp_path}\n")
    assert f"from {folder}" in run_flow(*show, "-c", tmp_path).out
