/* SPDX-License-Identifier: Apache-2.0 */

/* Keys of single files, made of those with a name. */

#include <string.h>

#include "failing.h"
#include "keyring.h"
#include "store/seal.h"
#include "suite.h"

static struct keyring ring;
static struct fl_sealing *sealing;

static struct fl_sealing *open_with(const char *active)
{
    struct fl_sealing *opened = NULL;
    flow_error *err = NULL;

    fl_sealing_open(NULL, &ring.provider, active, &opened, &err);
    ck_assert_msg(!err, "%s", flow_error_message(err));
    return opened;
}

static void set_up(void)
{
    keyring_init(&ring, "old new ", 32);
    sealing = open_with("new");
}

static void tear_down(void)
{
    fl_sealing_close(sealing);
}

static struct fl_gcm *begin(uint64_t owner, struct fl_seal_front *front)
{
    struct fl_gcm *gcm = NULL;

    ck_assert_int_eq(fl_seal_begin(sealing, owner, front, &gcm, NULL), FLOW_OK);
    return gcm;
}

/* Something encrypted by one key is decrypted by the other. */
static int is_same(struct fl_gcm *first, struct fl_gcm *second)
{
    static const uint8_t nonce[FL_GCM_NONCE];
    uint8_t out[4 + FL_GCM_TAG];
    struct fl_gcm_text text = {nonce, {"front", 5}, {"text", 4}};

    ck_assert_int_eq(fl_gcm_encrypt(first, &text, out, NULL), FLOW_OK);
    text.in = (struct fl_bytes){out, sizeof out};
    int rc = fl_gcm_decrypt(second, &text, out, NULL);
    return rc == FLOW_OK && !memcmp(out, "text", 4);
}

static void check_refused(const struct fl_sealing *with, const struct fl_seal_front *front,
                          const char *part)
{
    struct fl_gcm *gcm = NULL;
    flow_error *err = NULL;

    ck_assert_int_eq(fl_seal_open(with, front, "/d/segment-7", &gcm, &err), FLOW_ECONFIG);
    ck_assert_msg(strstr(flow_error_message(err), part), "%s", flow_error_message(err));
    ck_assert_ptr_nonnull(strstr(flow_error_message(err), "/d/segment-7 is encrypted with"));
    ck_assert_ptr_null(gcm);
    flow_error_free(err);
}

START_TEST(a_key_is_made_again_from_what_stands_in_the_file)
{
    uint8_t bytes[FL_SEAL_FRONT];
    struct fl_seal_front front, read;
    struct fl_gcm *first = begin(7, &front), *second = NULL;

    fl_seal_front_write(&front, bytes);
    memset(&read, 0xaa, sizeof read);
    ck_assert_int_eq(fl_seal_front_read(bytes, &read), 1);
    ck_assert_str_eq(read.name, "new");
    ck_assert_uint_eq(read.owner, 7);
    ck_assert_int_eq(fl_seal_open(sealing, &read, "it", &second, NULL), FLOW_OK);
    ck_assert(is_same(first, second));
    fl_gcm_free(first);
    fl_gcm_free(second);
}
END_TEST

START_TEST(two_files_never_have_the_same_key)
{
    struct fl_seal_front a, b;
    struct fl_gcm *first = begin(7, &a), *second = begin(7, &b);

    ck_assert_mem_ne(a.salt, b.salt, FL_SEAL_SALT);
    ck_assert(!is_same(first, second));
    fl_gcm_free(first);
    fl_gcm_free(second);
}
END_TEST

START_TEST(damage_to_how_a_key_is_made_is_noticed)
{
    uint8_t bytes[FL_SEAL_FRONT];
    struct fl_seal_front front, read;

    fl_gcm_free(begin(7, &front));
    fl_seal_front_write(&front, bytes);
    for (size_t bit = 0; bit < 8 * sizeof bytes; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        ck_assert_int_eq(fl_seal_front_read(bytes, &read), 0);
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    memset(bytes, 0, sizeof bytes);
    ck_assert_int_eq(fl_seal_front_read(bytes, &read), 0);
}
END_TEST

START_TEST(a_key_that_is_missing_is_told_by_its_name)
{
    struct fl_seal_front front;
    flow_error *err = NULL;
    struct fl_sealing *other = NULL;

    fl_gcm_free(begin(7, &front));
    ring.names = "old ";
    check_refused(sealing, &front, "the key 'new': the ring has no key 'new'");
    check_refused(NULL, &front, "the key 'new', and there are no keys");
    ck_assert_int_eq(fl_sealing_open(NULL, &ring.provider, "new", &other, &err), FLOW_ECONFIG);
    ck_assert_ptr_nonnull(strstr(flow_error_message(err), "no key 'new'"));
    ck_assert_ptr_null(other);
    flow_error_free(err);
    other = open_with(NULL);
    ck_assert(!fl_sealing_is_active(other));
    fl_sealing_close(other);
}
END_TEST

START_TEST(a_key_that_is_another_now_is_told_from_damage)
{
    struct fl_seal_front front;

    fl_gcm_free(begin(7, &front));
    ring.twist = 1;
    check_refused(sealing, &front, "another key 'new'");
    ring.twist = 0;
    ring.size = 16; /* the first half of it */
    check_refused(sealing, &front, "another key 'new'");
}
END_TEST

START_TEST(every_size_of_key_will_do)
{
    for (ring.size = 16; ring.size <= 32; ring.size += 8) {
        struct fl_seal_front front;
        struct fl_gcm *first = begin(1, &front), *second = NULL;
        ck_assert_uint_eq(front.key_size, ring.size);
        ck_assert_int_eq(fl_seal_open(sealing, &front, "it", &second, NULL), FLOW_OK);
        ck_assert(is_same(first, second));
        fl_gcm_free(first);
        fl_gcm_free(second);
    }
}
END_TEST

START_TEST(every_lack_of_memory_is_an_error)
{
    int rc = FLOW_ENOMEM;

    for (int64_t grants = 0; rc != FLOW_OK; grants++) {
        struct failing failing;
        struct fl_sealing *opened = NULL;
        struct fl_gcm *gcm = NULL, *again = NULL;
        struct fl_seal_front front;
        failing_init(&failing);
        failing_after(&failing, grants);
        rc = fl_sealing_open(&failing.allocator, &ring.provider, "new", &opened, NULL);
        if (!rc)
            rc = fl_seal_begin(opened, 1, &front, &gcm, NULL);
        if (!rc)
            rc = fl_seal_open(opened, &front, "it", &again, NULL);
        ck_assert(rc == FLOW_OK || rc == FLOW_ENOMEM);
        fl_gcm_free(gcm);
        fl_gcm_free(again);
        fl_sealing_close(opened);
        ck_assert_int_eq(failing.live, 0);
    }
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"again", a_key_is_made_again_from_what_stands_in_the_file},
        {"two", two_files_never_have_the_same_key},
        {"damage", damage_to_how_a_key_is_made_is_noticed},
        {"missing", a_key_that_is_missing_is_told_by_its_name},
        {"another", a_key_that_is_another_now_is_told_from_damage},
        {"sizes", every_size_of_key_will_do},
        {"memory", every_lack_of_memory_is_an_error},
    };

    return RUN_SUITE_BETWEEN("unit/store_seal", tests, set_up, tear_down);
}
