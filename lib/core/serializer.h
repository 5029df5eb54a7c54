/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_CORE_SERIALIZER_H
#define FL_CORE_SERIALIZER_H

/* The inside of a flow_buffer, for the serializers that belong to the library. */

#include <flow/serializer.h>

#include "base/buf.h"

struct flow_buffer {
    struct fl_buf bytes;
};

#endif
