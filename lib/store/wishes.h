/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_STORE_WISHES_H
#define FL_STORE_WISHES_H

/* What the settings of a channel say of its consumers: consumers.NAME.PROPERTY. */

#include <flow/consumer.h>

#include "base/vec.h"
#include "store/store.h"

struct fl_wish {
    char *name;                 /* owned */
    struct fl_cursor_plan plan; /* its name is this one; max_events 0: the channel's capacity */
    int64_t max_deliveries;     /* negative: the channel's */
};

/* Reads them into WISHES, of struct fl_wish, which is empty.  FLOW_ECONFIG at the place of what is
 * unknown or cannot be. */
int fl_wishes_read(const flow_context *ctx, struct fl_vec *wishes, flow_error **err);
void fl_wishes_free(struct fl_vec *wishes);

/* The same place, as the store has it. */
struct fl_place fl_place_of(const flow_consumer_place *place);

/* The wish for NAME, or NULL. */
const struct fl_wish *fl_wishes_find(const struct fl_vec *wishes, const char *name);

#endif
