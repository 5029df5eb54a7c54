/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_RUNTIME_CLAIMS_H
#define FL_RUNTIME_CLAIMS_H

/*
 * Events that say which number their sender gave them go into a channel that keeps spans only if it
 * lacks that number.  Whether it does is found out in the transaction that puts them: see
 * flow_channel_ops.
 */

#include "runtime/emission.h"

/* Collects the numbers that go with SHARE, a transaction's part of what a channel gets. */
int fl_claims_collect(struct fl_emission *e, const struct fl_share *share, flow_error **err);

/*
 * Claims in TXN the numbers that were collected, waiting up to WAIT_MS for others who do so, and
 * takes what is there already out of SHARE.
 */
int fl_claims_make(struct fl_emission *e, struct fl_share *share, flow_txn *txn, int64_t wait_ms,
                   flow_error **err);

/* Before the interceptors: drops what every channel has, so that it does not matter to whole
 * batches that these make anew. */
int fl_claims_trim(struct fl_emission *e, flow_error **err);

/* Behind the selector: an event that is to go to one channel goes to the one that has it, if any,
 * since the selector may have its turns, or another configuration, and does not know. */
int fl_claims_reroute(struct fl_emission *e, flow_error **err);

#endif
