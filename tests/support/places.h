/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_PLACES_H
#define TESTS_SUPPORT_PLACES_H

/* The folders of a channel that has a log, below a temporary one, and a channel in them. */

#include "numbered.h"

struct places {
    char root[64];
    char control[96];
    char data[256]; /* for dataDirs */
};

void places_init(struct places *places, unsigned folders);
void places_free(const struct places *places);

/* Removes the control folder, as if its disk were lost. */
void places_lose_control(const struct places *places);

/* The settings of a channel there, with some more. */
#define AT(places, ...)                                                                            \
    SETTINGS("checkpointDir", (places)->control, "dataDirs", (places)->data,                       \
             "minimumRequiredSpace", "1048576", ##__VA_ARGS__)

/* Those of a spillable one that spills at once what is more than MEMORY. */
#define SPILLING(places, memory, ...)                                                              \
    AT(places, "memoryCapacity", memory, "overflowTimeout", "0", "transactionCapacity",            \
       "50", ##__VA_ARGS__)

/* Makes a file channel. */
void places_up(struct memory_rig *rig, const char *const *settings);

/* Closes a channel, of any type, and opens it again. */
void places_reopen(struct memory_rig *rig);

/* Puts the COUNT numbers from FIRST on in a transaction that does not wait, if they fit. */
int try_put(struct memory_rig *rig, uint64_t first, size_t count, flow_error **err);

/* Takes all there is in as many transactions as it takes: the COUNT numbers from FIRST on. */
void take_all(struct memory_rig *rig, uint64_t first, size_t count);

/* Runs FN, which makes a channel, in a process that ends without closing anything. */
void places_dies(const struct places *places, void (*fn)(const struct places *places));

#endif
