/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_STORE_LOGDIR_H
#define FL_STORE_LOGDIR_H

/* The inside of a flow_logdir. */

#include <flow/logdir.h>

#include "store/flume_keys.h"
#include "store/folder_lock.h"
#include "store/tour.h"

/* A fault as it is told. */
struct fl_told {
    char *file;
    char *message;
    uint64_t at, end;
    int repaired;
};

/* Keys, and what they are opened by. */
struct fl_logdir_keys {
    struct fl_vec passwords; /* of struct fl_flume_key_password */
    struct fl_flume_keys *store;
};

struct flow_logdir {
    flow_library *lib;
    struct fl_logdir_keys keys;
    struct fl_store_env env;
    char *control;
    struct fl_vec folders; /* of char * */
    struct fl_vec locks;   /* of struct fl_folder_lock */
    struct fl_survey survey;
    struct fl_spans *spans; /* that it found */
    struct fl_vec told;    /* of struct fl_told */
    struct fl_ranges lost; /* by these */
    struct fl_tour tour;
    struct fl_state scratch;
    struct fl_buf reason; /* of the letter that was told last */
};

/* The folders of a log. */
struct fl_logdir_place {
    const char *checkpoint;
    const char *const *data;
    size_t count;
};

/* As flow_logdir_open, with keys unless PROVIDER is NULL, which outlive *DIR. */
int fl_logdir_open(flow_library *lib, const struct fl_logdir_place *place,
                   const struct fl_key_provider *provider, flow_logdir **dir, flow_error **err);

/* All zeroes are none. */
int fl_logdir_keys_open(struct fl_logdir_keys *keys, flow_library *lib,
                        const flow_logdir_keys *from, flow_error **err);
void fl_logdir_keys_close(struct fl_logdir_keys *keys);

/* Adds to OUT those offsets that can be read and that MARK is not done with. */
int fl_logdir_waiting(const flow_logdir *dir, const struct fl_mark *mark, struct fl_ranges *out);

#endif
