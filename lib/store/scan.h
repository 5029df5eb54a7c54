/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_STORE_SCAN_H
#define FL_STORE_SCAN_H

/* Reads the frames of one segment in order, in large steps. */

#include "store/segment.h"
#include "store/unwrap.h"

struct fl_scan {
    const struct fl_store_env *env;
    char *path;
    int fd;
    uint64_t epoch;
    uint64_t at;    /* of the next frame */
    uint64_t limit; /* nothing is read from here on */
    uint8_t *window;
    uint64_t window_at;
    size_t window_size;
    uint64_t payload_at; /* of the frame last read */
    int whole; /* the checksum of its payload was right: nobody was interrupted writing it */
    struct fl_seal_front seal; /* with a name once the first sealed frame was read */
    struct fl_unwrap unwrap;
};

/* Opens the segment EPOCH in FOLDER and begins at byte AT. */
int fl_scan_open(struct fl_scan *scan, const struct fl_store_env *env, const char *folder,
                 uint64_t epoch, uint64_t at, flow_error **err);
void fl_scan_close(struct fl_scan *scan); /* also when it was never opened, but zeroed */

/*
 * Reads the next front.  *FOUND is 0 at the limit and where there is no frame; only a failure to
 * read is an error, and a frame of a later version, FLOW_EABI.  The frame is passed by the next
 * call.
 */
int fl_scan_next(struct fl_scan *scan, struct fl_frame *frame, int *found, flow_error **err);

/* Lets the scan go on up to LIMIT; what lies behind the old one may have changed since. */
void fl_scan_raise(struct fl_scan *scan, uint64_t limit);

/*
 * Reads the payload of the frame last read to TO, as it was before anything was done to it:
 * fl_frame_plain bytes.  FLOW_EPARSE, with the place, when it is damaged; FLOW_ECONFIG, with the
 * name of the key, when that is not there.
 */
int fl_scan_payload(struct fl_scan *scan, const struct fl_frame *frame, void *to,
                    flow_error **err);

/* The same as far as it can be told without the key of one that is sealed. */
int fl_scan_check(struct fl_scan *scan, const struct fl_frame *frame, flow_error **err);

/*
 * Looks for the next front of this segment at byte FROM or behind, and stores its place; 0 when
 * there is none.  The scan stays where it is.
 */
int fl_scan_find(struct fl_scan *scan, uint64_t from, struct fl_frame *frame, uint64_t *place,
                 flow_error **err);

/*
 * Looks, from where no frame is, for proof that there should be one: a later frame of this segment
 * that knew this place to be durable.  Stores its place, or 0.
 */
int fl_scan_proof(struct fl_scan *scan, uint64_t *proof, flow_error **err);

#endif
