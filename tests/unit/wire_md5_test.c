/* SPDX-License-Identifier: Apache-2.0 */

#include <stdio.h>
#include <string.h>

#include "suite.h"
#include "wire/md5.h"

/* The test suite of RFC 1321. */
static const struct {
    const char *text;
    const char *digest;
} suite[] = {
    {"", "d41d8cd98f00b204e9800998ecf8427e"},
    {"a", "0cc175b9c0f1b6a831c399e269772661"},
    {"abc", "900150983cd24fb0d6963f7d28e17f72"},
    {"message digest", "f96b697d7cb7938d525a2f31aaf161d0"},
    {"abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b"},
    {"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
     "d174ab98d277d9f5a5611c2c9f419d9f"},
    {"12345678901234567890123456789012345678901234567890123456789012345678901234567890",
     "57edf4a22be3c955ac49da2e2107b67a"},
};

static void check_digest(const void *data, size_t size, const char *expected)
{
    uint8_t digest[FL_MD5_SIZE];
    char text[2 * FL_MD5_SIZE + 1];

    fl_md5(data, size, digest);
    for (size_t i = 0; i < sizeof digest; i++)
        snprintf(text + 2 * i, 3, "%02x", digest[i]);
    ck_assert_str_eq(text, expected);
}

START_TEST(digests_are_those_of_the_rfc)
{
    for (size_t i = 0; i < sizeof suite / sizeof *suite; i++)
        check_digest(suite[i].text, strlen(suite[i].text), suite[i].digest);
}
END_TEST

/* Around the sizes where the padding takes one block more; by md5sum. */
START_TEST(every_size_of_the_last_block_is_padded)
{
    char text[130];

    memset(text, 'x', sizeof text);
    check_digest(text, 55, "04364420e25c512fd958a70738aa8f72");
    check_digest(text, 56, "668a72d5ba17f08e62dabcafad6db14b");
    check_digest(text, 63, "7dc2ca208106a2f703567bdff99d8981");
    check_digest(text, 64, "c1bb4f81d892b2d57947682aeb252456");
    check_digest(text, 119, "ab347a5f68c8a443cfcddc633f12c24f");
    check_digest(text, 120, "fb98667f98096de92620b64f46e1c5b5");
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"rfc", digests_are_those_of_the_rfc},
        {"padding", every_size_of_the_last_block_is_padded},
    };

    return RUN_SUITE("md5", tests);
}
