/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_MORTAL_IO_H
#define TESTS_SUPPORT_MORTAL_IO_H

#include "io/file.h"

/*
 * The system's file layer, in a process that is killed in front of its STEPth change, from 1, to
 * any file; or, when that is a write and IN_HALF is 1, in the middle of it.
 */
const struct fl_io *mortal_io(unsigned step, int in_half);

#endif
