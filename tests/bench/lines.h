/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_BENCH_LINES_H
#define TESTS_BENCH_LINES_H

/* Files of lines, and what reading one costs at least. */

#include <stdint.h>

#define BENCH_LINE 200u /* bytes, the newline included */

/* Writes a file of LINES lines; returns 0, or -1. */
int bench_lines_write(const char *path, uint64_t lines);

/* For an entry, with a folder: reads such a file, finds the line ends, copies each line. */
double bench_lines_copy(void *folder, uint64_t lines);

/* Runs the agent of SETTINGS, whose sink is `k`, moves such a file from FOLDER to PATH and returns
 * the seconds until the sink has all of it, or -1. */
double bench_lines_follow(const char *settings, const char *folder, const char *path,
                          uint64_t lines);

#endif
