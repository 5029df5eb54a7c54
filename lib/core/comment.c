/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Comments behind values.  In Java properties `port = 44444 # the port` sets the port to all of
 * "44444 # the port"; many files have such lines although Flume refuses them.
 */

#include <string.h>

#include "base/number.h"
#include "core/settings.h"

size_t fl_comment_cut(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (text[i] != '#' || (i > 0 && !fl_is_space(text[i - 1])))
            continue;
        while (i > 0 && fl_is_space(text[i - 1]))
            i--;
        return i;
    }
    return size;
}
