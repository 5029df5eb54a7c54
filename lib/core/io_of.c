/* SPDX-License-Identifier: Apache-2.0 */

/* A component's file layer; alone in its file, so that modules can have it without the core. */

#include "core/context.h"
#include "core/library.h"
#include "io/file.h"

const struct fl_io *fl_io_of(const flow_context *ctx)
{
    return ctx->lib->io;
}
