/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_CLIENTS_CLIENTS_H
#define FL_CLIENTS_CLIENTS_H

/* The types of clients. */

#include "core/registry.h"

extern const struct fl_client_ops fl_default_client;
extern const struct fl_client_ops fl_failover_client;
extern const struct fl_client_ops fl_load_balance_client;
extern const struct fl_client_ops fl_thrift_client;

#endif
