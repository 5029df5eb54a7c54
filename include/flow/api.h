/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLOW_API_H
#define FLOW_API_H

/*
 * What every public header needs: fixed-width types and the export marker.
 *
 * How to read the comments in these headers.  A function takes ownership of nothing and returns
 * nothing owned unless its comment says so.  Strings are UTF-8 and end in NUL; where a size is
 * given the bytes are arbitrary.  "Thread:" says who may call, "Blocks:" how long it may take and
 * "Errors:" which codes besides FLOW_ENOMEM, FLOW_EINVAL and FLOW_EFORKED it returns.  A function
 * without such a line may be called from any thread that may use its object, does not block and
 * cannot fail otherwise.
 */

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define FLOW_API __attribute__((visibility("default")))
#define FLOW_PRINTF(text, first) __attribute__((__format__(__printf__, text, first)))
#else
#define FLOW_API
#define FLOW_PRINTF(text, first)
#endif

#ifdef __cplusplus
#define FLOW_BEGIN_DECLS extern "C" {
#define FLOW_END_DECLS }
#else
#define FLOW_BEGIN_DECLS
#define FLOW_END_DECLS
#endif

/*
 * What a component answers besides an error: there may be more work (FLOW_READY), nothing to do
 * for now (FLOW_BACKOFF), or the answer comes later (FLOW_PENDING, see flow_txn_done).
 */
#define FLOW_READY 0
#define FLOW_BACKOFF 1
#define FLOW_PENDING 2

/* Kinds of components.  The numbers never change. */
#define FLOW_KIND_SOURCE 1
#define FLOW_KIND_CHANNEL 2
#define FLOW_KIND_SINK 3
#define FLOW_KIND_INTERCEPTOR 4
#define FLOW_KIND_SELECTOR 5
#define FLOW_KIND_GROUP 6
#define FLOW_KIND_SERIALIZER 7
#define FLOW_KIND_FILTER 8 /* of configurations; plugins cannot add any */
#define FLOW_KIND_CLIENT 9 /* see <flow/client.h>; plugins cannot add any */

#endif
