/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_HOST_TORTURE_CONSUMERS_H
#define TESTS_HOST_TORTURE_CONSUMERS_H

#include "torture_scenes.h"

/*
 * Makes a consumer of a file channel, takes through it, makes a dead letter, replays it, moves,
 * pauses and removes the consumer.  Returns whatever failed on the way.
 */
int torture_consumers(struct torture_place *place, flow_library *lib, flow_error **err);

#endif
