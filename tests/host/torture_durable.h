/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_HOST_TORTURE_DURABLE_H
#define TESTS_HOST_TORTURE_DURABLE_H

#include "torture_scenes.h"

/*
 * Puts events into a file channel, stops, and takes them in another pipeline, with one more try for
 * each that failed.  FLOW_ETIMEDOUT when an event that was accepted does not arrive then, or one
 * does that was never pushed; else whatever failed on the way.
 */
int torture_durable(struct torture_place *place, flow_library *lib, flow_error **err);

/* The same with a channel that is compressed and encrypted. */
int torture_sealed(struct torture_place *place, flow_library *lib, flow_error **err);

#endif
