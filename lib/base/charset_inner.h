/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_BASE_CHARSET_INNER_H
#define FL_BASE_CHARSET_INNER_H

/* The inside of a character set, shared by what opens and what converts. */

#include <iconv.h>

#include "base/charset.h"

#define FL_CHARSET_NAME_MAX 63

enum fl_charset_kind { FL_CHARSET_UTF8, FL_CHARSET_LATIN1, FL_CHARSET_ASCII, FL_CHARSET_ICONV };

struct fl_charset {
    const flow_allocator *mem;
    enum fl_charset_kind kind;
    int policy;
    size_t unit;     /* 2 or 4 bytes in UTF-16 and UTF-32, else 1 */
    int sniffs;      /* its byte order is told by the text */
    int little;      /* the order of its bytes, where it has units */
    iconv_t decoder; /* (iconv_t)-1: none, or not before the order is known */
    iconv_t encoder;
    char name[FL_CHARSET_NAME_MAX + 1]; /* as given */
};

#define FL_NO_ICONV ((iconv_t)-1)

/* Makes the decoder of a set that sniffs, for one of the two orders. */
int fl_charset_settle(struct fl_charset *cs, int little);

#endif
