/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_CODEC_PIECE_H
#define FL_CODEC_PIECE_H

/* What a deserializer works on: bytes that its user holds and slides over a file. */

#include <flow/event.h>

/* DATA begins where the last call ended, and what it held then is unchanged. */
struct fl_piece_of_file {
    const uint8_t *data;
    size_t size;
    int last;       /* nothing follows */
    int64_t offset; /* of DATA in the file, for messages */
};

/* Headers that every event gets. */
struct fl_event_headers {
    flow_header items[3];
    size_t count;
};

#endif
