/* SPDX-License-Identifier: Apache-2.0 */

/* Eight bytes of a time, then a date pattern; a fault must stand in the pattern. */

#include <stdlib.h>
#include <string.h>

#include "base/date.h"
#include "fuzz.h"

static void write_date(struct fl_zone *zone, int64_t at, const char *pattern)
{
    struct fl_buf out;
    const char *fault;

    fl_buf_init(&out, NULL);
    int rc = fl_date_write(zone, at, pattern, &out, &fault);
    if ((rc == FLOW_EPARSE) != (fault != NULL))
        abort();
    if (fault && (fault < pattern || fault >= pattern + strlen(pattern)))
        abort();
    fl_buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"UTC", "Europe/Berlin", "GMT-03:30"};
    size_t time_size = size < sizeof(int64_t) ? size : sizeof(int64_t);
    char *pattern = fl_strndup(NULL, (const char *)data + time_size, size - time_size);
    int64_t at = 0;

    memcpy(&at, data, time_size);
    for (size_t i = 0; pattern && i < sizeof names / sizeof names[0]; i++) {
        struct fl_zone *zone;
        if (fl_zone_load(NULL, names[i], &zone) == FLOW_OK) {
            write_date(zone, at, pattern);
            fl_zone_free(zone);
        }
    }
    fl_free(NULL, pattern);
    return 0;
}
