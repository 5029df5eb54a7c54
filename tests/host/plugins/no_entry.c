/* SPDX-License-Identifier: Apache-2.0 */

/* A library, but no plugin. */

int somebody_elses_function(void);

int somebody_elses_function(void)
{
    return 0;
}
