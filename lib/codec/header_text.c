/* SPDX-License-Identifier: Apache-2.0 */
/* Headers for people to read: names and values as they are, with nothing escaped, as in Java. */

#include "codec/header_text.h"

int fl_header_text(struct fl_buf *out, const flow_event *event)
{
    flow_header header;
    int rc = fl_buf_byte(out, '{');

    for (size_t i = 0; !rc && flow_event_header_at(event, i, &header, sizeof header) == FLOW_OK;
         i++) {
        if (i > 0)
            rc = fl_buf_append(out, ", ", 2);
        if (!rc)
            rc = fl_buf_append(out, header.name, header.name_size);
        if (!rc)
            rc = fl_buf_byte(out, '=');
        if (!rc)
            rc = fl_buf_append(out, header.value, header.value_size);
    }
    return rc ? rc : fl_buf_byte(out, '}');
}
