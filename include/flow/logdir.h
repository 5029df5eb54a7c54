/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLOW_LOGDIR_H
#define FLOW_LOGDIR_H

#include <flow/api.h>
#include <flow/error.h>
#include <flow/event.h>
#include <flow/library.h>

FLOW_BEGIN_DECLS

/*
 * The folders of a stopped file channel, looked at from outside: what is in its log, whether all of
 * it is sound, and, where it is not, the log made fit to be opened again.  flow-log(5) describes
 * the files.
 *
 * A log that a running channel has locked is refused, and while there is a flow_logdir no channel
 * can open it, but for one whose folders nobody ever locked.  Only flow_logdir_repair writes.
 * Used by one thread at a time.
 */
typedef struct flow_logdir flow_logdir;

/* Types of frames. */
#define FLOW_LOGDIR_NONE 0  /* no frame is there, though there should be one */
#define FLOW_LOGDIR_PUT 1   /* events */
#define FLOW_LOGDIR_ACK 2   /* offsets that a consumer is done with */
#define FLOW_LOGDIR_STATE 3 /* the consumers */
#define FLOW_LOGDIR_LOST 4  /* a repair found damage here */
#define FLOW_LOGDIR_DEAD 5  /* a dead letter, with its event */

/* What was done to the payload of a frame before it was written. */
#define FLOW_LOGDIR_COMPRESSED 1u
#define FLOW_LOGDIR_ENCRYPTED 2u

/* It tells which numbers of senders are there. */
#define FLOW_LOGDIR_SPANS 4u

/* For flow_logdir_export: also events that every consumer is done with. */
#define FLOW_LOGDIR_ALL 1u

/* What is in the log. */
typedef struct flow_logdir_stat {
    uint32_t struct_size; /* set by the caller */
    uint32_t clean;       /* 1: the last checkpoint was made by closing the channel */
    uint64_t segments;
    uint64_t spares;  /* files to become segments */
    uint64_t bytes;   /* of both */
    uint64_t events;  /* that can be read */
    uint64_t waiting; /* of these, events that some consumer is not done with */
    uint64_t lost;    /* events that earlier repairs gave up */
    uint64_t first;   /* the smallest offset that can be read */
    uint64_t end;     /* behind the largest */
    uint64_t cursors;
    uint64_t faults;
    uint64_t checkpoint;     /* number of the last one; 0: none is there */
    int64_t checkpoint_time; /* when it was written, ms since 1970; 0: none */
    uint64_t encrypted;      /* segments in which events are */
    uint64_t hidden;         /* 1: without keys the consumers are not known, but for how far the
                                slowest of them is at least */
} flow_logdir_stat;

/* A key that something in the log is encrypted with. */
typedef struct flow_logdir_key {
    uint32_t struct_size; /* set by the caller */
    uint32_t reserved;
    const char *name;
    uint64_t segments; /* that need it */
} flow_logdir_key;

/* What the channel has of a sender; see <flow/span.h>. */
typedef struct flow_logdir_sender {
    uint32_t struct_size; /* set by the caller */
    uint32_t key_size;
    const void *key;
    int64_t time;    /* when it was heard of last, ms since 1970 */
    uint64_t ranges; /* of numbers that are there */
    uint64_t end;    /* behind the largest number */
    uint32_t closed; /* 1: the key is not used any more */
    uint32_t reserved;
} flow_logdir_sender;

/* A consumer. */
typedef struct flow_logdir_cursor {
    uint32_t struct_size; /* set by the caller */
    uint32_t id;
    const char *name;    /* "" for that of sinks without a name of their own */
    uint64_t watermark;  /* it is done with all offsets below */
    uint64_t done_above; /* and with so many above */
    uint64_t backlog;    /* events it is not done with */
    uint64_t skipped;    /* events that were given up for it */
    uint64_t letters;    /* dead ones */
    uint32_t paused;     /* 1: nothing is taken through it */
    uint32_t reserved;   /* 0 */
} flow_logdir_cursor;

/* Something that is damaged. */
typedef struct flow_logdir_fault {
    uint32_t struct_size; /* set by the caller */
    uint32_t repaired;    /* 1: flow_logdir_repair has dealt with it */
    const char *file;
    uint64_t at;  /* first byte of what is damaged */
    uint64_t end; /* behind its last */
    const char *message;
} flow_logdir_fault;

/* A frame, or a place where one should be. */
typedef struct flow_logdir_frame {
    uint32_t struct_size; /* set by the caller */
    uint32_t type;        /* FLOW_LOGDIR_... */
    const char *file;
    uint64_t at;        /* its first byte */
    uint64_t size;      /* bytes to the next frame */
    uint32_t payload;   /* bytes behind its front */
    uint32_t positions; /* bytes of positions of sources or marks of sinks among these */
    uint64_t first;     /* offset of the first event that was put, or lost */
    uint32_t count;     /* how many were */
    uint32_t checksum;  /* of the payload, as the front tells it */
    int64_t time;       /* ms since 1970 */
    const char *fault;  /* what is wrong with it, or NULL */
    uint32_t flags;     /* FLOW_LOGDIR_COMPRESSED, _ENCRYPTED and _SPANS */
    uint32_t raw;       /* bytes of the payload before that */
    const char *reason; /* of a dead letter, or NULL */
    uint32_t deliveries; /* of it */
    uint32_t cursor;     /* the consumer's number then */
    uint32_t spans;      /* bytes of numbers of senders, the last of `positions` */
    uint32_t reserved;   /* 0 */
} flow_logdir_frame;

/* Where the keys of an encrypted log are.  Texts and lists are to live as long as the flow_logdir.
 */
typedef struct flow_logdir_keys {
    uint32_t struct_size;     /* set by the caller */
    uint32_t reserved;        /* 0 */
    const char *key_store;    /* encryption.keyProvider.keyStoreFile */
    const char *key_password; /* ...keyStorePasswordFile */

    /* Names of keys, each followed by its ...keys.NAME.passwordFile; and how many texts these are.
     * Keys that are not here have the password of the store. */
    const char *const *key_passwords;
    size_t key_password_count;
} flow_logdir_keys;

/*
 * Locks the folders of a channel, its checkpointDir and its COUNT dataDirs in their order, and
 * reads all that is there.  Faults are no failure of this call: flow_logdir_fault tells them.  The
 * caller frees *DIR.  What is encrypted is checked by its checksums and not looked into.
 *
 * Blocks: as long as it takes to read the whole log.
 * Errors: FLOW_ENOENT for a folder that is not there, FLOW_EABI for a later version of the format,
 * FLOW_ECONFIG when the folders are another channel's or in another order, FLOW_EIO when a channel
 * has them open or they cannot be read.
 * Since: 1.0
 */
FLOW_API int flow_logdir_open(flow_library *lib, const char *checkpoint, const char *const *data,
                              size_t count, flow_logdir **dir, flow_error **err);

/*
 * As flow_logdir_open, with the keys of an encrypted log, so that what is encrypted is looked into
 * and proved to be what was written.  KEYS may be NULL: none.
 *
 * Blocks: as long as it takes to read the whole log.
 * Errors: those of flow_logdir_open; FLOW_ECONFIG when the key store cannot be opened with its
 * password, or lacks a key, with the name of that and of what needs it.
 * Since: 1.0
 */
FLOW_API int flow_logdir_open_keys(flow_library *lib, const char *checkpoint,
                                   const char *const *data, size_t count,
                                   const flow_logdir_keys *keys, flow_logdir **dir,
                                   flow_error **err);

/*
 * Gives the folders up.  NULL is allowed.
 *
 * Since: 1.0
 */
FLOW_API void flow_logdir_free(flow_logdir *dir);

/*
 * Fills *STAT.
 *
 * Errors: FLOW_EINVAL when its struct_size cannot be; no error object.
 * Since: 1.0
 */
FLOW_API int flow_logdir_stat_get(const flow_logdir *dir, flow_logdir_stat *stat);

/*
 * Fills *CURSOR with the consumer at INDEX, from 0.
 *
 * Errors: FLOW_ENOENT behind the last; no error object.
 * Since: 1.0
 */
FLOW_API int flow_logdir_cursor_at(const flow_logdir *dir, size_t index,
                                   flow_logdir_cursor *cursor);

/*
 * Fills *SENDER with the sender at INDEX, from 0, in no order.  Its key lives until the next
 * repair.
 *
 * Errors: FLOW_ENOENT behind the last; no error object.
 * Since: 1.0
 */
FLOW_API int flow_logdir_sender_at(const flow_logdir *dir, size_t index,
                                   flow_logdir_sender *sender);

/*
 * Fills *KEY with the key at INDEX, from 0, of those that segments are encrypted with.
 *
 * Errors: FLOW_ENOENT behind the last; no error object.
 * Since: 1.0
 */
FLOW_API int flow_logdir_key_at(const flow_logdir *dir, size_t index, flow_logdir_key *key);

/*
 * Fills *FAULT with the fault at INDEX, from 0: those that were repaired, then those that are
 * there.  The texts live until the next repair.
 *
 * Errors: FLOW_ENOENT behind the last; no error object.
 * Since: 1.0
 */
FLOW_API int flow_logdir_fault_at(const flow_logdir *dir, size_t index, flow_logdir_fault *fault);

/*
 * Tells the range of offsets at INDEX, from 0, whose events the faults cost: [*FIRST, *END).  An
 * offset that a failed put left without an event may be among them where the front of a frame is
 * damaged.
 *
 * Errors: FLOW_ENOENT behind the last; no error object.
 * Since: 1.0
 */
FLOW_API int flow_logdir_lost_at(const flow_logdir *dir, size_t index, uint64_t *first,
                                 uint64_t *end);

/*
 * Makes a damaged log fit to be opened.  What is sound is not touched; a copy of what is changed is
 * kept beside it, as damaged-SEGMENT-BYTE.  Frames that cannot be read become such that say so, the
 * fronts of segments are made anew from their neighbours, missing segments are replaced by one that
 * says what was in it.  Every change is durable; what a crash interrupts, another call finishes.
 *
 * Blocks: as long as it takes to read the whole log, twice at least.
 * Errors: FLOW_EIO, FLOW_EPARSE when faults are left.
 * Since: 1.0
 */
FLOW_API int flow_logdir_repair(flow_logdir *dir, flow_error **err);

/*
 * Lets flow_logdir_next begin with the first frame.
 *
 * Since: 1.0
 */
FLOW_API void flow_logdir_rewind(flow_logdir *dir);

/*
 * Fills *FRAME with the next frame, in the order of folders, segments and bytes.  The texts live
 * until the next call.
 *
 * Blocks: on the file system.
 * Errors: FLOW_ENOENT behind the last frame, without an error object; FLOW_EIO.
 * Since: 1.0
 */
FLOW_API int flow_logdir_next(flow_logdir *dir, flow_logdir_frame *frame, flow_error **err);

/*
 * Returns the event at INDEX, from 0, of the put or dead letter that flow_logdir_next told last, or
 * NULL, also for one that is encrypted, without keys.  Valid until the next call of that.
 *
 * Since: 1.0
 */
FLOW_API const flow_event *flow_logdir_event(const flow_logdir *dir, size_t index);

/*
 * Returns 1 when some consumer is not done with OFFSET, else 0.
 *
 * Since: 1.0
 */
FLOW_API int flow_logdir_is_waiting(const flow_logdir *dir, uint64_t offset);

/*
 * Writes the events that some consumer is not done with, in the order of their offsets, to the file
 * descriptor FD, as the serializer SERIALIZER writes a file: "TEXT", or "AVRO_EVENT" for an Avro
 * container file.  FLAGS are 0 or FLOW_LOGDIR_ALL.  Stores how many events there were in *COUNT.
 *
 * Blocks: as long as it takes to read the whole log and to write to FD.
 * Errors: FLOW_ENOENT for an unknown serializer, FLOW_EIO, FLOW_ECONFIG when events are encrypted
 * and there are no keys.
 * Since: 1.0
 */
FLOW_API int flow_logdir_export(flow_logdir *dir, const char *serializer, uint32_t flags, int fd,
                                uint64_t *count, flow_error **err);

FLOW_END_DECLS

#endif
