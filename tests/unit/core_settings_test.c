/* SPDX-License-Identifier: Apache-2.0 */

/* Keys and values of a component against its schema, with a sink of the test's own. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <flow/config.h>

#include "core/library.h"
#include "core/registry.h"
#include "core/settings.h"
#include "failing.h"
#include "recorder.h"
#include "suite.h"

#define FILE_NAME "conf/a.conf"
#define OWNER "a1.sinks.k1"

/* ---- a sink with a property of every type ---- */

static const flow_property sink_properties[] = {
    {.name = "text", .type = FLOW_TYPE_STRING, .help = "Some text."},
    {.name = "size",
     .type = FLOW_TYPE_INT,
     .default_value = "10",
     .unit = "bytes",
     .min = 1,
     .max = 100,
     .help = "A size."},
    {.name = "wait", .type = FLOW_TYPE_INT, .unit = "ms", .max = INT64_MAX, .help = "A time."},
    {.name = "level", .type = FLOW_TYPE_INT, .help = "Any number."},
    {.name = "keep-alive",
     .type = FLOW_TYPE_INT,
     .default_value = "3",
     .min = 0,
     .max = 60,
     .flags = FLOW_PROPERTY_LENIENT,
     .help = "A lenient one."},
    {.name = "on", .type = FLOW_TYPE_BOOL, .help = "A switch."},
    {.name = "order",
     .type = FLOW_TYPE_CHOICE,
     .choices = "oldest|youngest|random",
     .default_value = "oldest",
     .help = "An order."},
    {.name = "policy", .type = FLOW_TYPE_CHOICE, .choices = "keep|drop", .help = "A policy."},
    {.name = "ports", .type = FLOW_TYPE_WORDS, .help = "Some words."},
    {.name = "pattern", .type = FLOW_TYPE_PATTERN, .help = "A pattern."},
    {.name = "folder", .type = FLOW_TYPE_PATH, .default_value = "~/.flume/x", .help = "A path."},
    {.name = "host", .type = FLOW_TYPE_HOST, .help = "A host."},
    {.name = "charset", .type = FLOW_TYPE_CHARSET, .default_value = "UTF-8", .help = "Letters."},
    {.name = "password", .type = FLOW_TYPE_SECRET, .help = "A secret."},
    {.name = "batchSize",
     .aliases = "batch-size|sizeOfBatch",
     .type = FLOW_TYPE_INT,
     .help = "A size with other names."},
    {.name = "old",
     .type = FLOW_TYPE_STRING,
     .flags = FLOW_PROPERTY_DEPRECATED,
     .help = "Use text instead."},
    {.name = "threads",
     .type = FLOW_TYPE_INT,
     .flags = FLOW_PROPERTY_NO_EFFECT,
     .help = "There is one thread."},
    {.name = "hdfs.rollInterval", .type = FLOW_TYPE_INT, .help = "A dotted name."},
    {.name = "header.",
     .type = FLOW_TYPE_STRING,
     .flags = FLOW_PROPERTY_PREFIX,
     .help = "Any header."},
    {.name = "header.port.",
     .type = FLOW_TYPE_INT,
     .flags = FLOW_PROPERTY_PREFIX,
     .help = "Headers with numbers."},
    {.name = "serializer",
     .type = FLOW_TYPE_COMPONENT,
     .kind = FLOW_KIND_SERIALIZER,
     .default_value = "plain",
     .help = "The form."},
    {.name = "other",
     .type = FLOW_TYPE_COMPONENT,
     .kind = FLOW_KIND_SERIALIZER,
     .help = "A part without a default."},
};

static const flow_schema sink_schema = {
    .struct_size = sizeof(sink_schema),
    .property_size = sizeof(flow_property),
    .properties = sink_properties,
    .count = sizeof(sink_properties) / sizeof(sink_properties[0]),
    .summary = "A sink of the test.",
};

static const flow_property needy_properties[] = {
    {.name = "hdfs.path",
     .type = FLOW_TYPE_STRING,
     .flags = FLOW_PROPERTY_REQUIRED,
     .help = "Where the files go."},
};

static const flow_schema needy_schema = {
    .struct_size = sizeof(needy_schema),
    .property_size = sizeof(flow_property),
    .properties = needy_properties,
    .count = 1,
    .summary = "A sink with a required property.",
};

static const flow_property plain_properties[] = {
    {.name = "appendNewline",
     .type = FLOW_TYPE_BOOL,
     .default_value = "true",
     .help = "Ends each event with a newline."},
};

static const flow_schema plain_schema = {
    .struct_size = sizeof(plain_schema),
    .property_size = sizeof(flow_property),
    .properties = plain_properties,
    .count = 1,
    .summary = "A serializer of the test.",
};

static int create(flow_context *ctx, void **self, flow_error **err)
{
    return FLOW_OK;
}

static void destroy(void *self)
{
}

static int process(void *self, flow_txn *txn, flow_error **err)
{
    return FLOW_BACKOFF;
}

static int write_events(void *self, const flow_event *const *events, size_t count, flow_buffer *out,
                        flow_error **err)
{
    return FLOW_OK;
}

static flow_sink_ops sink_ops(const char *type, const flow_schema *schema)
{
    return (flow_sink_ops){.struct_size = sizeof(flow_sink_ops),
                           .type = type,
                           .schema = schema,
                           .create = create,
                           .destroy = destroy,
                           .process = process};
}

static const flow_serializer_ops plain_ops = {
    .struct_size = sizeof(plain_ops),
    .type = "plain",
    .aliases = "org.example.Plain$Builder",
    .schema = &plain_schema,
    .create = create,
    .destroy = destroy,
    .write = write_events,
};

/* ---- one check of one set of keys ---- */

struct fixture {
    struct failing failing;
    flow_library *lib;
    struct recorder recorder;
    struct fl_settings *settings;
    size_t faults;
};

static void open_library(struct fixture *f)
{
    const flow_sink_ops sink = sink_ops("test", &sink_schema);
    const flow_sink_ops needy = sink_ops("needy", &needy_schema);

    memset(f, 0, sizeof(*f));
    failing_init(&f->failing);
    const flow_library_options options = {.struct_size = sizeof(options),
                                          .allocator = &f->failing.allocator};
    ck_assert_int_eq(flow_library_new(&options, &f->lib, NULL), FLOW_OK);
    flow_registry *registry = flow_library_registry(f->lib);
    ck_assert_int_eq(flow_registry_add_sink(registry, &sink, NULL, NULL, NULL), FLOW_OK);
    ck_assert_int_eq(flow_registry_add_sink(registry, &needy, NULL, NULL, NULL), FLOW_OK);
    ck_assert_int_eq(flow_registry_add_serializer(registry, &plain_ops, NULL, NULL, NULL), FLOW_OK);
    recorder_init(&f->recorder);
}

static void close_library(struct fixture *f)
{
    fl_settings_free(f->settings);
    ck_assert_int_eq(flow_library_free(f->lib, NULL), FLOW_OK);
    ck_assert_int_eq(f->failing.live, 0);
}

#define KEY_LIMIT 16

/* Checks "key=value" texts, each on a line of its own as a file would have them. */
static int try_make(struct fixture *f, const char *type, const char *const *lines)
{
    const struct fl_raw owner = {
        .key = "", .full = OWNER, .value = "", .file = FILE_NAME, .line = 90, .column = 1};
    char keys[KEY_LIMIT][64];
    char full[KEY_LIMIT][96];
    struct fl_raw raw[KEY_LIMIT];
    const struct fl_type *found;
    size_t count = 0;

    ck_assert_int_eq(
        fl_registry_lookup(flow_library_registry(f->lib), FLOW_KIND_SINK, type, &found, NULL, NULL),
        FLOW_OK);
    for (; lines[count]; count++) {
        const char *equals = strchr(lines[count], '=');
        snprintf(keys[count], sizeof(keys[count]), "%.*s", (int)(equals - lines[count]),
                 lines[count]);
        snprintf(full[count], sizeof(full[count]), OWNER ".%s", keys[count]);
        raw[count] = (struct fl_raw){.key = keys[count],
                                     .full = full[count],
                                     .value = equals + 1,
                                     .file = FILE_NAME,
                                     .line = (uint32_t)count + 1,
                                     .column = 1,
                                     .value_column = 20};
    }
    return fl_settings_make(flow_library_registry(f->lib), found, raw, count, &owner,
                            &f->recorder.findings, &f->faults, &f->settings);
}

static void make(struct fixture *f, const char *type, const char *const *lines)
{
    open_library(f);
    ck_assert_int_eq(try_make(f, type, lines), FLOW_OK);
}

#define LINES(...) ((const char *const[]){__VA_ARGS__, NULL})

static const struct fl_setting *get(const struct fixture *f, const char *name)
{
    const struct fl_setting *setting = fl_settings_get(f->settings, name);

    ck_assert_ptr_nonnull(setting);
    return setting;
}

/* One line that must be refused with MESSAGE. */
static void refused(const char *line, const char *full, const char *message)
{
    struct fixture f;

    make(&f, "test", LINES(line));
    ck_assert_uint_eq(f.faults, 1);
    ck_assert_uint_eq(f.recorder.count, 1);
    ck_assert_str_eq(f.recorder.found[0].key, full);
    ck_assert_int_eq(f.recorder.found[0].severity, FLOW_SEVERITY_ERROR);
    ck_assert_str_eq(f.recorder.found[0].message, message);
    close_library(&f);
}

static void accepted(const char *line)
{
    struct fixture f;

    make(&f, "test", LINES(line));
    ck_assert_uint_eq(f.faults, 0);
    ck_assert_uint_eq(f.recorder.count, 0);
    close_library(&f);
}

/* ---- values ---- */

START_TEST(defaults_stand_where_nothing_is_set)
{
    struct fixture f;

    make(&f, "test", LINES("text=x"));
    ck_assert_uint_eq(f.recorder.count, 0);
    ck_assert_int_eq(get(&f, "size")->number, 10);
    ck_assert(!get(&f, "size")->is_set);
    ck_assert_str_eq(get(&f, "size")->full, OWNER ".size");
    ck_assert_uint_eq(get(&f, "size")->line, 90);
    ck_assert_ptr_null(get(&f, "host")->text);
    ck_assert_int_eq(get(&f, "policy")->number, -1);
    ck_assert_ptr_null(fl_settings_get(f.settings, "nothing"));
    close_library(&f);
}
END_TEST

START_TEST(a_setting_knows_its_place)
{
    struct fixture f;

    make(&f, "test", LINES("text=x", "batch-size=7"));
    const struct fl_setting *setting = get(&f, "batchSize");
    ck_assert(setting->is_set);
    ck_assert_int_eq(setting->number, 7);
    ck_assert_str_eq(setting->full, OWNER ".batch-size");
    ck_assert_str_eq(setting->file, FILE_NAME);
    ck_assert_uint_eq(setting->line, 2);
    ck_assert_uint_eq(setting->column, 20);
    close_library(&f);
}
END_TEST

START_TEST(numbers_outside_their_range_are_refused)
{
    refused("size=101", OWNER ".size", "'101' is out of range (between 1 and 100 bytes)");
    refused("size=0", OWNER ".size", "'0' is out of range (between 1 and 100 bytes)");
    refused("wait=-1", OWNER ".wait", "'-1' is out of range (at least 0 ms)");
    accepted("size=100");
    accepted("wait=9223372036854775807");
    accepted("level=-5");
}
END_TEST

START_TEST(what_is_no_number_is_refused)
{
    refused("size=10k", OWNER ".size", "'10k' is not a whole number (between 1 and 100 bytes)");
    refused("wait=1.5", OWNER ".wait", "'1.5' is not a whole number (at least 0 ms)");
    refused("level=", OWNER ".level", "'' is not a whole number");
    refused("level=9223372036854775808", OWNER ".level",
            "'9223372036854775808' is not a whole number");
}
END_TEST

START_TEST(a_lenient_number_falls_back_with_a_warning)
{
    struct fixture f;

    make(&f, "test", LINES("keep-alive=soon"));
    ck_assert_uint_eq(f.faults, 0);
    ck_assert_int_eq(get(&f, "keep-alive")->number, 3);
    ck_assert(!get(&f, "keep-alive")->is_set);
    ck_assert_int_eq(f.recorder.found[0].severity, FLOW_SEVERITY_WARNING);
    ck_assert_str_eq(f.recorder.found[0].message,
                     "'soon' is not a whole number (between 0 and 60)");
    ck_assert_str_eq(f.recorder.found[1].message, "the default 3 is used");
    close_library(&f);
}
END_TEST

static int64_t bool_of(const char *line, size_t warnings)
{
    struct fixture f;

    make(&f, "test", LINES(line));
    ck_assert_uint_eq(f.recorder.count, warnings);
    ck_assert_uint_eq(f.faults, 0);
    int64_t number = get(&f, "on")->number;
    close_library(&f);
    return number;
}

START_TEST(only_true_is_true)
{
    ck_assert_int_eq(bool_of("on=true", 0), 1);
    ck_assert_int_eq(bool_of("on=TRUE", 0), 1);
    ck_assert_int_eq(bool_of("on=False", 0), 0);
    ck_assert_int_eq(bool_of("on=yes", 1), 0);
    ck_assert_int_eq(bool_of("on=1", 1), 0);
}
END_TEST

START_TEST(choices_come_in_any_case)
{
    struct fixture f;

    make(&f, "test", LINES("order=RANDOM", "policy=Keep"));
    ck_assert_int_eq(get(&f, "order")->number, 2);
    ck_assert_int_eq(get(&f, "policy")->number, 0);
    close_library(&f);
}
END_TEST

START_TEST(a_wrong_choice_gets_the_list_and_a_hint)
{
    struct fixture f;

    make(&f, "test", LINES("order=oldst"));
    ck_assert_uint_eq(f.faults, 1);
    ck_assert_str_eq(f.recorder.found[0].message, "'oldst' is none of oldest|youngest|random");
    ck_assert_str_eq(f.recorder.found[0].hint, "did you mean 'oldest'?");
    close_library(&f);
}
END_TEST

START_TEST(words_are_cut_at_white_space)
{
    struct fixture f;

    make(&f, "test", LINES("ports=80 \t 8080  443"));
    char **words = get(&f, "ports")->words;
    ck_assert_str_eq(words[0], "80");
    ck_assert_str_eq(words[1], "8080");
    ck_assert_str_eq(words[2], "443");
    ck_assert_ptr_null(words[3]);
    close_library(&f);
}
END_TEST

START_TEST(a_broken_pattern_is_refused)
{
    struct fixture f;

    accepted("pattern=^a(b|c)$");
    make(&f, "test", LINES("pattern=a(b"));
    ck_assert_uint_eq(f.faults, 1);
    ck_assert_ptr_nonnull(
        strstr(f.recorder.found[0].message, "'a(b' is not a regular expression: "));
    close_library(&f);
}
END_TEST

START_TEST(a_tilde_is_the_home_folder)
{
    struct fixture f;

    setenv("HOME", "/home/someone", 1);
    make(&f, "test", LINES("text=~/x"));
    ck_assert_str_eq(get(&f, "folder")->text, "/home/someone/.flume/x");
    ck_assert_str_eq(get(&f, "text")->text, "~/x");
    close_library(&f);

    make(&f, "test", LINES("folder=~"));
    ck_assert_str_eq(get(&f, "folder")->text, "/home/someone");
    close_library(&f);

    make(&f, "test", LINES("folder=~other/x"));
    ck_assert_str_eq(get(&f, "folder")->text, "~other/x");
    close_library(&f);
}
END_TEST

START_TEST(hosts_are_names_or_addresses)
{
    accepted("host=localhost");
    accepted("host=0.0.0.0");
    accepted("host=fe80::1%eth0");
    accepted("host=my_host-1.example.org");
    refused("host=a b", OWNER ".host", "'a b' is neither a host name nor an address");
    refused("host=http://x", OWNER ".host", "'http://x' is neither a host name nor an address");
    refused("host=", OWNER ".host", "'' is neither a host name nor an address");
}
END_TEST

START_TEST(character_sets_are_known_by_java_names)
{
    accepted("charset=utf-8");
    accepted("charset=ISO8859_1");
    accepted("charset=windows-1252");
    accepted("charset=GBK");
    refused("charset=utf-99", OWNER ".charset",
            "there is no character set 'utf-99' on this system");
    refused("charset=ASCII//IGNORE", OWNER ".charset",
            "there is no character set 'ASCII//IGNORE'");
}
END_TEST

/* ---- comments ---- */

START_TEST(a_comment_behind_a_typed_value_is_cut)
{
    struct fixture f;

    make(&f, "test", LINES("size=20 # of each", "order=random\t#x", "host=h # host"));
    ck_assert_uint_eq(f.faults, 0);
    ck_assert_uint_eq(f.recorder.count, 3);
    ck_assert_int_eq(f.recorder.found[0].severity, FLOW_SEVERITY_WARNING);
    ck_assert_int_eq(get(&f, "size")->number, 20);
    ck_assert_int_eq(get(&f, "order")->number, 2);
    ck_assert_str_eq(get(&f, "host")->text, "h");
    close_library(&f);
}
END_TEST

START_TEST(a_comment_behind_free_text_stays)
{
    struct fixture f;

    make(&f, "test", LINES("text=a # b", "header.x=c # d"));
    ck_assert_uint_eq(f.recorder.count, 2);
    ck_assert_str_eq(get(&f, "text")->text, "a # b");
    close_library(&f);
    accepted("text=a#b");
    accepted("text=# all of it");
}
END_TEST

START_TEST(a_secret_is_never_quoted)
{
    struct fixture f;

    make(&f, "test", LINES("password=hush # hush"));
    ck_assert_uint_eq(f.recorder.count, 1);
    ck_assert_ptr_null(strstr(f.recorder.found[0].message, "hush"));
    close_library(&f);
}
END_TEST

/* ---- keys ---- */

static void unknown_key(const char *line, const char *full, const char *hint)
{
    struct fixture f;

    make(&f, "test", LINES(line));
    ck_assert_uint_eq(f.faults, 0);
    ck_assert_uint_eq(f.recorder.count, 1);
    ck_assert_int_eq(f.recorder.found[0].severity, FLOW_SEVERITY_WARNING);
    ck_assert_str_eq(f.recorder.found[0].key, full);
    ck_assert_str_eq(f.recorder.found[0].hint, hint);
    close_library(&f);
}

START_TEST(an_unknown_key_is_warned_of_with_the_nearest_name)
{
    unknown_key("bachSize=1", OWNER ".bachSize", "did you mean 'batchSize'?");
    unknown_key("BATCHSIZE=1", OWNER ".BATCHSIZE", "did you mean 'batchSize'?");
    unknown_key("rollInterval=1", OWNER ".rollInterval", "did you mean 'hdfs.rollInterval'?");
    unknown_key("somethingElse=1", OWNER ".somethingElse", "");
    unknown_key("header.=1", OWNER ".header.", "did you mean 'header.'?");
}
END_TEST

START_TEST(the_main_name_wins_over_an_alias)
{
    struct fixture f;

    make(&f, "test", LINES("batch-size=1", "batchSize=2", "sizeOfBatch=3"));
    ck_assert_int_eq(get(&f, "batchSize")->number, 2);
    ck_assert_ptr_nonnull(recorder_at(&f.recorder, OWNER ".batch-size", 0));
    ck_assert_ptr_nonnull(recorder_at(&f.recorder, OWNER ".sizeOfBatch", 0));
    ck_assert_uint_eq(f.recorder.count, 2);
    close_library(&f);
}
END_TEST

START_TEST(a_key_without_effect_is_warned_of)
{
    struct fixture f;

    make(&f, "test", LINES("threads=4", "old=x"));
    ck_assert_uint_eq(f.faults, 0);
    ck_assert_str_eq(recorder_at(&f.recorder, OWNER ".threads", 0)->message,
                     "the property has no effect here: There is one thread.");
    ck_assert(!get(&f, "threads")->is_set);
    ck_assert_str_eq(recorder_at(&f.recorder, OWNER ".old", 0)->message,
                     "the property is deprecated");
    ck_assert_str_eq(recorder_at(&f.recorder, OWNER ".old", 0)->hint, "Use text instead.");
    ck_assert_str_eq(get(&f, "old")->text, "x");
    close_library(&f);
}
END_TEST

START_TEST(a_required_key_that_is_missing_is_an_error)
{
    struct fixture f;

    make(&f, "needy", LINES("hdfs.pth=x"));
    ck_assert_uint_eq(f.faults, 1);
    const struct finding *finding = recorder_at(&f.recorder, OWNER ".hdfs.path", 0);
    ck_assert_int_eq(finding->severity, FLOW_SEVERITY_ERROR);
    ck_assert_str_eq(finding->message, OWNER ".hdfs.path is required and not set");
    ck_assert_str_eq(recorder_at(&f.recorder, OWNER ".hdfs.pth", 0)->hint,
                     "did you mean 'hdfs.path'?");
    close_library(&f);
}
END_TEST

START_TEST(keys_below_a_prefix_are_walked_in_order)
{
    struct fixture f;
    const char *key;
    const char *value;

    make(&f, "test", LINES("header.b=1", "header.a.c=2", "header.port.x=80"));
    ck_assert_int_eq(fl_settings_below(f.settings, "header.", 0, &key, &value), 1);
    ck_assert_str_eq(key, "b");
    ck_assert_str_eq(value, "1");
    ck_assert_int_eq(fl_settings_below(f.settings, "header.", 1, &key, &value), 1);
    ck_assert_str_eq(key, "a.c");
    ck_assert_int_eq(fl_settings_below(f.settings, "header.", 2, &key, &value), 0);
    ck_assert_int_eq(fl_settings_below(f.settings, "header.port.", 0, &key, &value), 1);
    ck_assert_str_eq(key, "x");
    close_library(&f);
    refused("header.port.x=eighty", OWNER ".header.port.x", "'eighty' is not a whole number");
}
END_TEST

/* ---- parts ---- */

START_TEST(a_part_has_settings_of_its_own)
{
    struct fixture f;
    const struct fl_type *type;

    make(&f, "test", LINES("serializer=PLAIN", "serializer.appendNewline=false"));
    ck_assert_uint_eq(f.recorder.count, 0);
    const struct fl_settings *child = fl_settings_child(f.settings, "serializer", &type);
    ck_assert_str_eq(type->name, "plain");
    ck_assert_int_eq(fl_settings_get(child, "appendNewline")->number, 0);
    ck_assert_str_eq(fl_settings_get(child, "appendNewline")->full,
                     OWNER ".serializer.appendNewline");
    close_library(&f);
}
END_TEST

START_TEST(a_default_part_takes_keys_too)
{
    struct fixture f;
    const struct fl_type *type;

    make(&f, "test", LINES("serializer.appendNewline=false"));
    ck_assert_uint_eq(f.recorder.count, 0);
    const struct fl_settings *child = fl_settings_child(f.settings, "serializer", &type);
    ck_assert_int_eq(fl_settings_get(child, "appendNewline")->number, 0);
    ck_assert_ptr_null(fl_settings_child(f.settings, "other", &type));
    ck_assert_ptr_null(type);
    close_library(&f);
}
END_TEST

START_TEST(faults_of_a_part_are_found)
{
    struct fixture f;

    make(&f, "test", LINES("serializer.appendNewlines=false"));
    ck_assert_uint_eq(f.recorder.count, 1);
    ck_assert_str_eq(f.recorder.found[0].key, OWNER ".serializer.appendNewlines");
    ck_assert_str_eq(f.recorder.found[0].hint, "did you mean 'appendNewline'?");
    close_library(&f);

    make(&f, "test", LINES("other.appendNewline=false"));
    ck_assert_uint_eq(f.recorder.count, 1);
    ck_assert_str_eq(f.recorder.found[0].message,
                     "the key means nothing, since " OWNER ".other is not set");
    close_library(&f);
}
END_TEST

START_TEST(an_unknown_part_is_an_error_and_its_keys_are_left_alone)
{
    struct fixture f;

    make(&f, "test", LINES("serializer=plein", "serializer.x=1"));
    ck_assert_uint_eq(f.faults, 1);
    ck_assert_uint_eq(f.recorder.count, 1);
    ck_assert_str_eq(f.recorder.found[0].message, "unknown serializer type 'plein'");
    ck_assert_str_eq(f.recorder.found[0].hint, "did you mean 'plain'?");
    close_library(&f);
}
END_TEST

/* ---- memory ---- */

START_TEST(every_allocation_may_fail)
{
    const char *const *lines =
        LINES("size=20 # c", "order=x", "ports=1 2", "pattern=a", "folder=~/x", "header.a=1",
              "serializer=plain", "serializer.y=1", "bachSize=2", "keep-alive=z", "old=1");
    struct fixture f;
    int result = FLOW_ENOMEM;

    open_library(&f);
    int64_t live = f.failing.live;
    for (int64_t granted = 0; result == FLOW_ENOMEM; granted++) {
        recorder_init(&f.recorder);
        failing_after(&f.failing, granted);
        result = try_make(&f, "test", lines);
        failing_after(&f.failing, -1);
        if (result == FLOW_ENOMEM)
            ck_assert_int_eq(f.failing.live, live);
    }
    ck_assert_int_eq(result, FLOW_OK);
    ck_assert_uint_eq(f.faults, 1);
    close_library(&f);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"defaults_stand_where_nothing_is_set", defaults_stand_where_nothing_is_set},
        {"a_setting_knows_its_place", a_setting_knows_its_place},
        {"numbers_outside_their_range_are_refused", numbers_outside_their_range_are_refused},
        {"what_is_no_number_is_refused", what_is_no_number_is_refused},
        {"a_lenient_number_falls_back_with_a_warning", a_lenient_number_falls_back_with_a_warning},
        {"only_true_is_true", only_true_is_true},
        {"choices_come_in_any_case", choices_come_in_any_case},
        {"a_wrong_choice_gets_the_list_and_a_hint", a_wrong_choice_gets_the_list_and_a_hint},
        {"words_are_cut_at_white_space", words_are_cut_at_white_space},
        {"a_broken_pattern_is_refused", a_broken_pattern_is_refused},
        {"a_tilde_is_the_home_folder", a_tilde_is_the_home_folder},
        {"hosts_are_names_or_addresses", hosts_are_names_or_addresses},
        {"character_sets_are_known_by_java_names", character_sets_are_known_by_java_names},
        {"a_comment_behind_a_typed_value_is_cut", a_comment_behind_a_typed_value_is_cut},
        {"a_comment_behind_free_text_stays", a_comment_behind_free_text_stays},
        {"a_secret_is_never_quoted", a_secret_is_never_quoted},
        {"an_unknown_key_is_warned_of_with_the_nearest_name",
         an_unknown_key_is_warned_of_with_the_nearest_name},
        {"the_main_name_wins_over_an_alias", the_main_name_wins_over_an_alias},
        {"a_key_without_effect_is_warned_of", a_key_without_effect_is_warned_of},
        {"a_required_key_that_is_missing_is_an_error", a_required_key_that_is_missing_is_an_error},
        {"keys_below_a_prefix_are_walked_in_order", keys_below_a_prefix_are_walked_in_order},
        {"a_part_has_settings_of_its_own", a_part_has_settings_of_its_own},
        {"a_default_part_takes_keys_too", a_default_part_takes_keys_too},
        {"faults_of_a_part_are_found", faults_of_a_part_are_found},
        {"an_unknown_part_is_an_error_and_its_keys_are_left_alone",
         an_unknown_part_is_an_error_and_its_keys_are_left_alone},
        {"every_allocation_may_fail", every_allocation_may_fail},
    };

    return RUN_SUITE("core_settings", tests);
}
