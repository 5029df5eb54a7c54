/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_FINDINGS_H
#define CLI_FINDINGS_H

/* Findings of a check, one line each as compilers print theirs. */

#include <flow.h>

#include "log.h"

/* "FILE:LINE:COLUMN: error: source r1: KEY: MESSAGE (HINT)" without a newline; the caller frees
 * it. */
char *finding_text(const flow_diagnostic *found);

/* Hands all findings to the log. */
void findings_log(const flow_report *report, struct log *log);

#endif
