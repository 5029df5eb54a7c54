/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_INTERCEPTORS_INTERCEPTORS_H
#define FL_INTERCEPTORS_INTERCEPTORS_H

/* The interceptors that are part of the core library. */

#include <flow/interceptor.h>

extern const flow_interceptor_ops fl_host_interceptor;
extern const flow_interceptor_ops fl_static_interceptor;
extern const flow_interceptor_ops fl_timestamp_interceptor;

#endif
