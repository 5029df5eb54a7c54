/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Put in front of a test program (LD_PRELOAD): the program then runs as in a host that has set a
 * locale with a decimal comma.
 */

#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

__attribute__((constructor)) static void set_locale(void)
{
    if (setlocale(LC_ALL, "de_DE.UTF-8") && strcmp(localeconv()->decimal_point, ",") == 0)
        return;
    fputs("there is no locale de_DE.UTF-8 with a decimal comma\n", stderr);
    _exit(1);
}
