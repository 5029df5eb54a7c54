/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

/* The command line, in Flume's own spelling. */

#include <stdint.h>

#include "text.h"

/* How the command ends. */
#define EXIT_OK 0
#define EXIT_USAGE 1       /* the command line itself is wrong */
#define EXIT_CONFIG 2      /* the configuration is faulty, or not there */
#define EXIT_FAILURE_RUN 3 /* it could not start, go on, or stop */
#define EXIT_DAMAGED 4     /* the log is damaged */

struct options {
    char *conf;             /* --conf */
    char *name;             /* --name */
    struct text_list files; /* --conf-file and --conf-uri, in Flume's order */
    struct text_list uris;
    struct text_list defines; /* pairs: -D */
    struct text_list sets;    /* pairs: --set */
    struct text_list words;   /* what is no option */
    char *plugins;            /* --plugins-path */
    char *backup;             /* --backup-directory */
    char *user;               /* --conf-user */
    char *password;           /* --conf-password */
    char *format;             /* --format */
    char *checkpoint_dir;     /* --checkpoint-dir */
    char *data_dirs;          /* --data-dirs */
    char *channel;            /* --channel */
    char *output;             /* --output */
    char *flume_checkpoint;   /* --flume-checkpoint-dir */
    char *flume_data;         /* --flume-data-dirs */
    char *key_store;          /* --key-store */
    char *key_password;       /* --key-store-password-file */
    struct text_list own_passwords; /* pairs: --key-password-file */
    int no_keys;
    char *start;              /* --start */
    char *when_behind;        /* --when-behind */
    char *control_socket;     /* --control-socket */
    int64_t max_events;       /* --max-events; 0: not given */
    int64_t max_bytes;        /* --max-bytes; 0: not given */
    long limit;               /* events */
    int events;
    int all;
    int yes;
    int keep;
    int json;
    long poll_interval;       /* s; 0: not given */
    long stop_timeout;        /* s */
    int no_reload;
    int no_control;
    int lenient;
    int dry_run;
    int help;
    uint64_t given; /* which options the command line has, a bit each */
};

/*
 * Reads the arguments behind the command.  Returns EXIT_OK, or EXIT_USAGE after it has said what
 * is wrong.
 */
int options_read(struct options *options, int count, char **arguments);
void options_free(struct options *options);

/*
 * Takes the option NAME from the file PATH of defaults, unless the command line has it.  Returns
 * EXIT_OK, or EXIT_USAGE after it has said what is wrong.
 */
int options_take_default(struct options *options, const char *path, const char *name,
                         const char *value);

/* The name of an option the command line has that COMMAND does not take, and in *TAKERS the
 * commands that do; NULL when there is none. */
const char *options_misplaced(const struct options *options, const char *command,
                              const char **takers);

/* How often, in seconds, to look for changes. */
long options_interval(const struct options *options);

/* Adds "a=b" of "-Da=b" to DEFINES.  Returns EXIT_OK, or EXIT_USAGE after it has said what is
 * wrong. */
int options_take_define(struct text_list *defines, const char *text);

/*
 * Takes over the -D settings of one JAVA_OPTS word, or says that it has no effect.  Returns 0 for
 * a word that is not for Java.
 */
int options_take_java(struct options *options, const char *word);

/* Prints the text of `flow help`, and that of `flow help consumer`. */
void options_help(FILE *out);
void consumer_help(FILE *out);

#endif
