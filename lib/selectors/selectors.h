/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_SELECTORS_SELECTORS_H
#define FL_SELECTORS_SELECTORS_H

/* The selectors that are part of the core library. */

#include <flow/selector.h>

extern const flow_selector_ops fl_load_balancing_selector;
extern const flow_selector_ops fl_multiplexing_selector;
extern const flow_selector_ops fl_replicating_selector;

#endif
