/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_BASE_LOG_H
#define FL_BASE_LOG_H

/* A logger: the host's function behind a level. */

#include <stdatomic.h>
#include <stdarg.h>

#include <flow/log.h>

#include "base/clock.h"

struct fl_log {
    flow_log_fn fn; /* or NULL */
    void *self;
    _Atomic int32_t level;
};

int fl_log_enabled(const struct fl_log *log, int32_t level);
void fl_log_text(const struct fl_log *log, int32_t level, const char *component, const char *text);

/* Longer messages than fit a local buffer are cut, with "..." at the end. */
void fl_logf(const struct fl_log *log, int32_t level, const char *component, const char *format,
             ...) FLOW_PRINTF(4, 5);
void fl_vlogf(const struct fl_log *log, int32_t level, const char *component, const char *format,
              va_list args);

#endif
