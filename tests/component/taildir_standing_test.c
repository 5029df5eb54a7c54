/* SPDX-License-Identifier: Apache-2.0 */

/* The taildir source before durable channels, which know how far files were read: whatever became
 * of the files and of the position file meanwhile, each channel gets what it lacks, and only that.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "await.h"
#include "core/channel.h"
#include "io/file.h"
#include "suite.h"
#include "tail.h"
#include "twins.h"

static struct stage {
    struct tail tail; /* the logs and the position file; no source is in its harness */
    struct twins twins;
    struct rig rig;
    char source[2048];
} stage;

static void set_up(void)
{
    tail_init(&stage.tail);
    twins_init(&stage.twins);
    stage.twins.source = stage.source;
}

static void tear_down(void)
{
    twins_free(&stage.twins);
    tail_free(&stage.tail);
    memset(&stage, 0, sizeof stage);
}

/* Starts the source with MORE lines of configuration. */
static void up(const char *more)
{
    snprintf(stage.source, sizeof stage.source,
             "a1.sources.r1.type = taildir\n"
             "a1.sources.r1.filegroups = g\n"
             "a1.sources.r1.filegroups.g = %s/log/.*\\\\.log\n"
             "a1.sources.r1.positionFile = %s/state/p.json\n"
             "a1.sources.r1.backoffSleepIncrement = 1\n"
             "a1.sources.r1.maxBackoffSleep = 2\n%s",
             stage.tail.path, stage.tail.path, more);
    twins_start(&stage.twins, &stage.rig);
}

static void down(void)
{
    rig_free(&stage.rig);
}

static void run_in(const char *folder, const char *what)
{
    char command[256];

    snprintf(command, sizeof command, "cd %s && %s", folder, what);
    ck_assert_int_eq(system(command), 0);
}

/* Nothing is remembered beside the channels. */
static void lose_lists(void)
{
    run_in(stage.tail.path, "rm -rf state");
}

static void lose_channel(const char *folders)
{
    char command[64];

    snprintf(command, sizeof command, "rm -r %s", folders);
    run_in(stage.twins.places.root, command);
}

static void append(const char *name, const char *text)
{
    tail_append(&stage.tail, name, text);
}

static void add_body(void *arg, const char *body)
{
    char *text = arg;

    ck_assert_uint_lt(strlen(text) + strlen(body), 1000);
    sprintf(text + strlen(text), "%s|", body);
}

static size_t count_events(const char *bodies)
{
    size_t count = 0;

    for (; *bodies != '\0'; bodies++)
        count += *bodies == '|';
    return count;
}

static uint64_t size_of(const char *channel)
{
    return flow_channel_size(rig_channel(&stage.rig, channel));
}

/* Waits for as many events as BODIES has; these must be what is there. */
static void expect(const char *channel, const char *bodies)
{
    char text[1024] = "";

    AWAIT(size_of(channel) >= count_events(bodies));
    twins_take(&stage.rig, channel, add_body, text);
    ck_assert_msg(strcmp(text, bodies) == 0, "%s has %s instead of %s", channel, text, bodies);
}

static void expect_both(const char *bodies)
{
    expect("c1", bodies);
    expect("c2", bodies);
}

/* Sees that nothing else comes: the last file is read after all others. */
static void expect_no_more(void)
{
    append("~.log", "end\n");
    expect_both("end|");
}

/* Two events fit into the second channel.  Of more lines it gets two, and the first one four. */
#define NARROW                                                                                     \
    "a1.channels.c2.capacity = 2\n"                                                                \
    "a1.channels.c2.transactionCapacity = 2\n"                                                     \
    "a1.channels.c2.keep-alive = 0\n"

/* Reads a.log, with TEXT, until the first channel is ahead, and ends. */
static void get_ahead(const char *text)
{
    append("a.log", text);
    up(NARROW);
    AWAIT(size_of("c1") == 4 && size_of("c2") == 2);
    down();
}

START_TEST(what_channels_know_needs_no_position_file)
{
    append("a.log", "one\ntwo\n");
    up("");
    expect_both("one|two|");
    down();
    for (int round = 0; round < 2; round++) {
        lose_lists();
        append("a.log", "three\n");
        up("");
        expect_both("three|");
        down();
    }
}
END_TEST

/* The header NAME of the next event. */
static void expect_header(const char *channel, const char *name, const char *wanted)
{
    const flow_event *const *events;
    size_t count;

    AWAIT(size_of(channel) > 0);
    flow_txn *txn = begin(rig_channel(&stage.rig, channel));
    ck_assert_int_eq(flow_txn_take(txn, 1, 0, &events, &count, NULL), FLOW_OK);
    ck_assert_uint_eq(count, 1);
    const char *value = flow_event_header(events[0], name, NULL);
    ck_assert_str_eq(value ? value : "", wanted);
    commit(txn);
}

#define HEADERS "a1.sources.r1.byteOffsetHeader = true\na1.sources.r1.fileHeader = true\n"

START_TEST(headers_are_those_of_the_place_where_it_goes_on)
{
    char path[256];

    get_ahead("1\n2\n3\n4\n");
    tail_rename(&stage.tail, "a.log", "b.log");
    tail_path(path, &stage.tail, "b.log");
    lose_lists();
    append("b.log", "5\n");
    up(HEADERS);
    expect("c1", "1|2|3|4|5|");
    AWAIT(size_of("c2") == 5);
    for (int i = 0; i < 2; i++)
        expect_header("c2", "byteoffset", "");
    expect_header("c2", "byteoffset", "4");
    expect_header("c2", "file", path);
    expect_header("c2", "byteoffset", "8");
    down();
}
END_TEST

START_TEST(channels_are_believed_before_an_older_position_file)
{
    append("a.log", "one\n");
    up("");
    expect_both("one|");
    down();
    run_in(stage.tail.path, "cp -a state old");
    append("a.log", "two\n");
    up("");
    expect_both("two|");
    down();
    run_in(stage.tail.path, "rm -r state && mv old state");
    up("");
    expect_no_more();
    down();
}
END_TEST

START_TEST(each_channel_gets_what_it_lacks)
{
    get_ahead("1\n2\n3\n4\n5\n6\n");
    lose_lists();
    append("a.log", "7\n");
    up("a1.sources.r1.batchSize = 3\n"); /* which fits neither */
    expect("c1", "1|2|3|4|5|6|7|");
    expect("c2", "1|2|3|4|5|6|7|");
    expect_no_more();
    down();
}
END_TEST

/* Positions behind each line cost, and end where no channel has anything. */
START_TEST(a_channel_may_be_ahead_only_to_where_it_is)
{
    get_ahead("1\n2\n3\n4\n5\n6\n");
    up("a1.sources.r1.batchSize = 100\n");
    expect("c1", "1|2|3|4|5|6|");
    expect("c2", "1|2|3|4|5|6|");
    ck_assert_int_eq(rig_metric(&stage.rig, "r1", "AppendBatchReceivedCount"), 1);
    down();
}
END_TEST

START_TEST(a_batch_is_no_larger_than_a_transaction)
{
    append("a.log", "1\n2\n3\n4\n5\n6\n7\n");
    up("a1.sources.r1.batchSize = 6\na1.channels.c1.transactionCapacity = 3\n"
       "a1.channels.c1.capacity = 5\na1.channels.c1.keep-alive = 0\n");
    AWAIT(size_of("c1") == 3 && rig_metric(&stage.rig, "r1", "ChannelWriteFail") > 0);
    down();
    up("");
    expect_both("1|2|3|4|5|6|7|");
    down();
}
END_TEST

START_TEST(a_file_renamed_meanwhile_is_the_same)
{
    get_ahead("1\n2\n3\n4\n5\n");
    tail_rename(&stage.tail, "a.log", "a.1.log");
    append("a.log", "new\n");
    lose_lists();
    up("");
    expect_both("1|2|3|4|5|new|");
    expect_no_more();
    down();
}
END_TEST

START_TEST(a_file_that_vanished_is_known_when_it_is_back)
{
    get_ahead("1\n2\n3\n4\n5\n");
    tail_rename(&stage.tail, "a.log", "hidden");
    lose_lists();
    up("");
    expect("c1", "1|2|3|4|");
    expect("c2", "1|2|");
    expect_no_more();
    down();
    lose_lists();
    tail_rename(&stage.tail, "hidden", "a.log");
    up("");
    expect("c1", "5|");
    expect("c2", "3|4|5|");
    expect_no_more();
    down();
}
END_TEST

START_TEST(a_file_closed_and_opened_again_goes_on)
{
    append("a.log", "one\n");
    up("a1.sources.r1.idleTimeout = 0\n");
    expect_both("one|");
    append("a.log", "two"); /* becomes a line when it is idle */
    expect_both("two|");
    append("a.log", "-and-a-half\n");
    expect_both("-and-a-half|");
    down();
    lose_lists();
    append("a.log", "three\n");
    up("");
    expect_both("three|");
    down();
}
END_TEST

/* What became a line without an end is one for each channel, though it has grown meanwhile. */
START_TEST(a_line_that_one_channel_has_is_the_same_for_the_other)
{
    append("a.log", "1\n2\nhalf");
    up(NARROW "a1.sources.r1.idleTimeout = 0\n");
    AWAIT(size_of("c1") == 3 && size_of("c2") == 2);
    down();
    lose_lists();
    append("a.log", " more\nlast\n");
    up("");
    expect_both("1|2|half| more|last|");
    expect_no_more();
    down();
}
END_TEST

/* ---- files that are not what they were ---- */

START_TEST(a_file_rewritten_meanwhile_begins_anew)
{
    const char *const texts[] = {"eins\n", "un\ndeux\ntrois\nquatre\ncinq\nsix\n"};

    for (size_t i = 0; i < 2; i++) {
        get_ahead("1\n2\n3\n4\n5\n");
        lose_lists();
        tail_rewrite(&stage.tail, "a.log", texts[i]);
        up("");
        expect("c1", i ? "1|2|3|4|un|deux|trois|quatre|cinq|six|" : "1|2|3|4|eins|");
        expect("c2", i ? "1|2|un|deux|trois|quatre|cinq|six|" : "1|2|eins|");
        ck_assert_int_eq(rig_metric(&stage.rig, "r1", "FileTruncatedCount"), 1);
        expect_no_more();
        down();
        tear_down();
        set_up();
    }
}
END_TEST

/* The first channel has more than the file holds by now, and the beginning is the same. */
START_TEST(a_file_that_lost_what_one_channel_has_begins_anew)
{
    char text[512], wanted[1024];

    memset(text, '=', 300);
    strcpy(text + 300, "\n1\n2\n3\n");
    get_ahead(text);
    lose_lists();
    strcpy(text + 300, "\n1\nx\n");
    tail_rewrite(&stage.tail, "a.log", text);
    up("");
    sprintf(wanted, "%.300s|1|2|3|%.300s|1|x|", text, text);
    expect("c1", wanted);
    sprintf(wanted, "%.300s|1|%.300s|1|x|", text, text);
    expect("c2", wanted);
    expect_no_more();
    down();
}
END_TEST

/* The first channel is ahead by the beginning of the second generation. */
static void get_ahead_anew(void)
{
    append("a.log", "1\n2\n");
    up(NARROW);
    AWAIT(size_of("c2") == 2);
    tail_rewrite(&stage.tail, "a.log", "eins\nzwei\ndrei\n");
    AWAIT(size_of("c1") == 4);
    down();
    lose_lists();
}

START_TEST(a_channel_may_be_a_generation_ahead)
{
    get_ahead_anew();
    up("");
    expect_both("1|2|eins|zwei|drei|");
    expect_no_more();
    down();
}
END_TEST

START_TEST(no_channel_is_spared_what_is_of_a_later_generation)
{
    get_ahead_anew();
    tail_rewrite(&stage.tail, "a.log", "un\ndeux\ntrois\nquatre\n");
    up("");
    expect("c1", "1|2|eins|zwei|un|deux|trois|quatre|");
    expect("c2", "1|2|un|deux|trois|quatre|");
    down();
    append("a.log", "cinq\n");
    lose_lists();
    up("");
    expect_both("cinq|");
    down();
}
END_TEST

/* The time at which files were made, unless that is 0, and their devices, as a test wants them. */
static int64_t made_birth;
static uint64_t made_shift;
static struct fl_io forging;

static int birth_made(void *self, int fd, int64_t *ns)
{
    *ns = made_birth;
    return made_birth ? 0 : -ENOTSUP;
}

static int stat_made(void *self, const char *path, struct stat *out)
{
    int rc = fl_io_system()->stat(self, path, out);

    if (rc == 0 && S_ISREG(out->st_mode))
        out->st_dev += made_shift;
    return rc;
}

static int fstat_made(void *self, int fd, struct stat *out)
{
    int rc = fl_io_system()->fstat(self, fd, out);

    if (rc == 0 && S_ISREG(out->st_mode))
        out->st_dev += made_shift;
    return rc;
}

static void up_forged(const char *more, int64_t birth, uint64_t shift)
{
    made_birth = birth;
    made_shift = shift;
    forging = *fl_io_system();
    forging.birth = birth_made;
    forging.stat = stat_made;
    forging.fstat = fstat_made;
    stage.twins.io = &forging;
    up(more);
}

START_TEST(another_file_with_the_inode_is_told)
{
    append("a.log", "1\n2\n3\n4\n");
    up_forged(NARROW, 1000, 0);
    AWAIT(size_of("c1") == 4);
    down();
    lose_lists();
    append("a.log", "5\n");
    up_forged("", 2000, 0);
    expect("c1", "1|2|3|4|1|2|3|4|5|");
    expect("c2", "1|2|1|2|3|4|5|");
    down();
}
END_TEST

/* Such a list has only the inode.  Where channels know the source, it is not believed of files that
 * they do not know. */
START_TEST(a_list_of_the_time_before_another_file_had_the_inode_is_not_believed)
{
    char text[128];

    append("a.log", "same\n");
    up_forged("", 1000, 0);
    expect_both("same|");
    down();
    run_in(stage.tail.path, "rm state/p.json.ids");
    append("a.log", "more\n");
    up_forged("", 2000, 0);
    expect_both("same|more|");
    down();
    append("b.log", "same\nmore\n");
    snprintf(text, sizeof text, "[{\"inode\":%lu,\"pos\":5,\"file\":\"x\"}]",
             tail_inode(&stage.tail, "b.log"));
    lose_lists();
    tail_set_positions(&stage.tail, text);
    up_forged("", 2000, 0);
    expect_both("same|more|");
    down();
}
END_TEST

START_TEST(a_file_is_known_when_devices_have_other_numbers)
{
    for (int64_t birth = 0; birth <= 1000; birth += 1000) {
        append("a.log", "1\n2\n3\n4\n5\n");
        up_forged(NARROW, birth, 0);
        AWAIT(size_of("c1") == 4);
        down();
        lose_lists();
        up_forged("", birth, 7);
        expect_both("1|2|3|4|5|");
        append("a.log", "6\n");
        expect_both("6|");
        down();
        lose_lists();
        up_forged("", birth, 9);
        expect_no_more();
        down();
        tear_down();
        set_up();
    }
}
END_TEST

/* ---- where reading begins ---- */

static void set_position(const char *name, long pos)
{
    char text[512], path[256];

    tail_path(path, &stage.tail, name);
    snprintf(text, sizeof text, "[{\"inode\":%lu,\"pos\":%ld,\"file\":\"%s\"}]",
             tail_inode(&stage.tail, name), pos, path);
    tail_set_positions(&stage.tail, text);
}

START_TEST(goes_on_where_flume_stopped_and_then_where_the_channels_are)
{
    append("a.log", "one\ntwo\n");
    set_position("a.log", 4);
    up("");
    expect_both("two|");
    down();
    set_position("a.log", 4);
    append("a.log", "three\n");
    up("");
    expect_both("three|");
    down();
}
END_TEST

START_TEST(where_flume_stopped_is_known_before_anything_is_read)
{
    append("a.log", "one\n");
    set_position("a.log", 4);
    append("b.log", "other\n");
    up("");
    expect_both("other|");
    down();
    lose_lists();
    append("a.log", "two\n");
    up("");
    expect_both("two|");
    down();
}
END_TEST

START_TEST(what_is_skipped_at_the_first_start_stays_so)
{
    append("a.log", "one\n");
    up("a1.sources.r1.skipToEnd = true\n");
    append("b.log", "other\n");
    expect_both("other|");
    down();
    lose_lists();
    append("a.log", "two\n");
    up("a1.sources.r1.skipToEnd = true\n");
    expect_both("two|");
    down();
    lose_lists();
    append("b.log", "three\n");
    up("");
    expect_both("three|");
    down();
}
END_TEST

/* Be that file Flume's or ours. */
START_TEST(an_emptied_channel_goes_on_where_the_position_file_says)
{
    for (int is_flumes = 0; is_flumes < 2; is_flumes++) {
        append("a.log", "one\ntwo\n");
        up("");
        AWAIT(size_of("c2") == 2);
        down();
        lose_channel("c2 d2 d3");
        append("a.log", "three\n");
        if (is_flumes)
            run_in(stage.tail.path, "rm state/p.json.ids");
        up("");
        expect("c1", "one|two|three|");
        expect("c2", "three|");
        down();
        tear_down();
        set_up();
    }
}
END_TEST

START_TEST(an_emptied_channel_gets_all_when_nothing_says_where_it_was)
{
    append("a.log", "one\ntwo\n");
    up("");
    AWAIT(size_of("c2") == 2);
    down();
    lose_channel("c2 d2 d3");
    lose_lists();
    append("a.log", "three\n");
    up("");
    expect_both("one|two|three|");
    down();
    lose_channel("c1 d1 c2 d2 d3"); /* and so do both */
    lose_lists();
    up("");
    expect_both("one|two|three|");
    down();
    lose_channel("c1 d1 c2 d2 d3"); /* but not when it says so */
    append("a.log", "four\n");
    up("");
    expect_both("four|");
    down();
}
END_TEST

START_TEST(says_that_it_ends_at_a_memory_channel)
{
    append("a.log", "one\n");
    up("a1.channels = c1 c2 c3\n"
       "a1.sources.r1.channels = c1 c2 c3\n"
       "a1.channels.c3.type = memory\n");
    expect_both("one|");
    expect("c3", "one|");
    ck_assert_uint_eq(rig_logged(&stage.rig, "channel c3 keeps no positions"), 1);
    down();
    lose_lists();
    append("a.log", "two\n");
    up("");
    expect_both("two|");
    down();
}
END_TEST

static int count_position(void *arg, const flow_position *position)
{
    ++*(unsigned *)arg;
    return FLOW_OK;
}

static unsigned count_positions(const char *channel)
{
    const flow_channel *asked = rig_channel(&stage.rig, channel);
    unsigned count = 0;

    asked->ops->positions(asked->self, NULL, 0, count_position, &count);
    return count;
}

#define MANY 1010
#define FAST                                                                                       \
    "a1.channels.c1.fsyncPerTransaction = false\na1.channels.c2.fsyncPerTransaction = false\n"

static void append_many(const char *text)
{
    char name[32];

    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, "%d.log", i);
        append(name, text);
    }
}

START_TEST(many_lost_files_are_forgotten_at_last)
{
    append_many("x\n");
    up(FAST "a1.sources.r1.idleTimeout = 0\n");
    AWAIT(size_of("c2") == MANY);
    ck_assert_uint_eq(count_positions("c2"), MANY);
    run_in(stage.tail.path, "rm -r log/*");
    AWAIT(count_positions("c1") == 1000 && count_positions("c2") == 1000);
    down();
    append("a.log", "one\n");
    up(FAST);
    AWAIT(size_of("c2") == MANY + 1);
    ck_assert_uint_eq(count_positions("c2"), 1001);
    down();
}
END_TEST

START_TEST(many_files_lost_meanwhile_are_forgotten_at_the_start)
{
    append_many("x\n");
    up(FAST);
    AWAIT(size_of("c2") == MANY);
    down();
    lose_lists();
    run_in(stage.tail.path, "rm -r log/*");
    up(FAST);
    AWAIT(count_positions("c1") == 1000 && count_positions("c2") == 1000);
    down();
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"needs no position file", what_channels_know_needs_no_position_file},
        {"headers", headers_are_those_of_the_place_where_it_goes_on},
        {"an older position file", channels_are_believed_before_an_older_position_file},
        {"each gets what it lacks", each_channel_gets_what_it_lacks},
        {"ahead only to where it is", a_channel_may_be_ahead_only_to_where_it_is},
        {"no larger than a transaction", a_batch_is_no_larger_than_a_transaction},
        {"renamed meanwhile", a_file_renamed_meanwhile_is_the_same},
        {"vanished and back", a_file_that_vanished_is_known_when_it_is_back},
        {"closed and opened again", a_file_closed_and_opened_again_goes_on},
        {"a line that one has", a_line_that_one_channel_has_is_the_same_for_the_other},
        {"rewritten meanwhile", a_file_rewritten_meanwhile_begins_anew},
        {"lost what one has", a_file_that_lost_what_one_channel_has_begins_anew},
        {"a generation ahead", a_channel_may_be_a_generation_ahead},
        {"of a later generation", no_channel_is_spared_what_is_of_a_later_generation},
        {"another with the inode", another_file_with_the_inode_is_told},
        {"a list of another file",
         a_list_of_the_time_before_another_file_had_the_inode_is_not_believed},
        {"other numbers of devices", a_file_is_known_when_devices_have_other_numbers},
        {"where flume stopped", goes_on_where_flume_stopped_and_then_where_the_channels_are},
        {"before anything is read", where_flume_stopped_is_known_before_anything_is_read},
        {"skipped at the first start", what_is_skipped_at_the_first_start_stays_so},
        {"an emptied channel", an_emptied_channel_goes_on_where_the_position_file_says},
        {"an emptied one gets all", an_emptied_channel_gets_all_when_nothing_says_where_it_was},
        {"ends at a memory channel", says_that_it_ends_at_a_memory_channel},
        {"lost files are forgotten", many_lost_files_are_forgotten_at_last},
        {"lost meanwhile", many_files_lost_meanwhile_are_forgotten_at_the_start},
    };

    return RUN_SUITE_BETWEEN("taildir standing", tests, set_up, tear_down);
}
