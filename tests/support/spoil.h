/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_SPOIL_H
#define TESTS_SUPPORT_SPOIL_H

#include <flow.h>

/* Lets commits of what was taken fail in a channel that nobody uses yet; one of the process. */
void spoil(flow_channel *channel);

/* The next one fails. */
void spoil_next(void);

#endif
