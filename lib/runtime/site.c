/* SPDX-License-Identifier: Apache-2.0 */

/* The border between the runtime and components: making their contexts, judging their answers. */

#include "base/error.h"
#include "runtime/site.h"

int fl_site_context(const struct fl_site *site, const struct fl_part *part, flow_context **ctx,
                    flow_error **err)
{
    int rc =
        fl_context_new(site->lib, part->type, part->name, part->settings, site->clock, ctx, err);

    if (rc != FLOW_OK)
        return rc;
    (*ctx)->loop = site->loop;
    (*ctx)->sleepers = site->sleepers;
    return FLOW_OK;
}

int fl_answer(const flow_context *ctx, const char *callback, int rc, int highest, flow_error **err)
{
    if (rc >= FLOW_OK && rc <= highest)
        return rc;
    if (rc > highest || rc < FLOW_ETOOBIG)
        rc = flow_error_setf(err, FLOW_ECALLBACK, "'%s' returned %d, which is no answer", callback,
                             rc);
    else if (err && !*err)
        flow_error_setf(err, rc, "'%s' failed with %s and gave no reason", callback,
                        flow_error_name(rc));
    if (err && flow_error_component(*err)[0] == '\0')
        flow_error_locate(err, ctx->label, NULL, NULL, 0, 0);
    return rc;
}

int64_t fl_backoff(uint64_t count, int64_t step, int64_t max)
{
    if (step <= 0 || count >= (uint64_t)(max / step))
        return step <= 0 ? 0 : max;
    return (int64_t)count * step;
}
