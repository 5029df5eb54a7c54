/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_BASE_ERROR_H
#define FL_BASE_ERROR_H

/* What the layers need of faults beyond <flow/error.h>. */

#include <flow/error.h>

/* FLOW_ENOMEM with its constant object. */
int fl_error_nomem(flow_error **err);

/* FLOW_EIO (FLOW_ENOENT for ENOENT, FLOW_ENOMEM for ENOMEM): "WHAT PATH: the system's text". */
int fl_error_errno(flow_error **err, int number, const char *what, const char *path);

/* Hands FROM to *ERR, or frees it when the caller does not want to know. */
void fl_error_pass(flow_error **err, flow_error *from);

/* A copy, causes included; the constant object when there is no memory; NULL for NULL. */
flow_error *fl_error_copy(const flow_error *err);

/* What failed and why, without place, component and causes. */
const char *fl_error_text(const flow_error *err);

/* The text of errno NUMBER, in the C locale and without the process-wide buffer of strerror. */
const char *fl_errno_text(int number);

#endif
