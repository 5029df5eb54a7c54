/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_GROUPS_GROUPS_H
#define FL_GROUPS_GROUPS_H

/* The sink processors that are part of the core library. */

#include <flow/group.h>

extern const flow_group_ops fl_default_group;
extern const flow_group_ops fl_failover_group;
extern const flow_group_ops fl_load_balance_group;

#endif
