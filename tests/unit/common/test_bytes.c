#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/bytes.h"

static void reads_big_endian(void **state) {
    (void)state;
    const uint8_t data[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    struct reader reader = reader_over(data, sizeof data);
    assert_int_equal(read_u8(&reader), 0x01);
    assert_int_equal(read_u16(&reader), 0x0203);
    assert_int_equal(read_u32(&reader), 0x04050607);
    assert_true(read_u64(&reader) == 0x08090a0b0c0d0e0fU);
    assert_true(reader_finished(&reader));
    assert_int_equal(reader_left(&reader), 0);
}

static void reads_all_ones_without_sign(void **state) {
    (void)state;
    uint8_t data[15];
    memset(data, 0xff, sizeof data);
    struct reader reader = reader_over(data, sizeof data);
    assert_int_equal(read_u8(&reader), UINT8_MAX);
    assert_int_equal(read_u16(&reader), UINT16_MAX);
    assert_true(read_u32(&reader) == UINT32_MAX);
    assert_true(read_u64(&reader) == UINT64_MAX);
}

static void a_failed_reader_stays_failed(void **state) {
    (void)state;
    const uint8_t data[] = {0xaa, 0xbb, 0xcc};
    struct reader reader = reader_over(data, sizeof data);
    assert_int_equal(read_u32(&reader), 0);
    assert_true(reader.failed);
    assert_int_equal(read_u8(&reader), 0);
    assert_null(read_view(&reader, 1));
    assert_int_equal(reader_left(&reader), 0);
    assert_false(reader_finished(&reader));
}

static void a_failed_copy_is_zeroed(void **state) {
    (void)state;
    const uint8_t data[] = {1, 2, 3};
    uint8_t out[4] = {9, 9, 9, 9};
    struct reader reader = reader_over(data, sizeof data);
    read_bytes(&reader, out, sizeof out);
    assert_memory_equal(out, "\0\0\0\0", sizeof out);
    reader = reader_over(data, sizeof data);
    read_bytes(&reader, out, 3);
    assert_memory_equal(out, data, 3);
    assert_true(reader_finished(&reader));
}

static void huge_sizes_do_not_wrap(void **state) {
    (void)state;
    uint8_t data[4] = {0};
    struct reader reader = reader_over(data, sizeof data);
    read_skip(&reader, 2);
    read_skip(&reader, SIZE_MAX);
    assert_true(reader.failed);
    struct writer writer = writer_over(data, sizeof data);
    write_zeros(&writer, 2);
    assert_null(write_space(&writer, SIZE_MAX - 1));
    assert_true(writer.failed);
}

static void views_point_into_the_data(void **state) {
    (void)state;
    const uint8_t data[] = {1, 2, 3, 4};
    struct reader reader = reader_over(data, sizeof data);
    read_skip(&reader, 1);
    assert_ptr_equal(read_view(&reader, 2), data + 1);
    assert_int_equal(reader_left(&reader), 1);
    assert_false(reader_finished(&reader));
    reader_fail(&reader);
    assert_int_equal(read_u8(&reader), 0);
    assert_true(reader.failed);
}

static void empty_input_is_finished_at_once(void **state) {
    (void)state;
    struct reader reader = reader_over(NULL, 0);
    uint8_t untouched = 7;
    read_bytes(&reader, &untouched, 0);
    assert_int_equal(untouched, 7);
    assert_non_null(read_view(&reader, 0));
    assert_true(reader_finished(&reader));
    read_skip(&reader, 1);
    assert_true(reader.failed);
}

static void writes_big_endian(void **state) {
    (void)state;
    uint8_t data[15];
    struct writer writer = writer_over(data, sizeof data);
    write_u8(&writer, 0x01);
    write_u16(&writer, 0x0203);
    write_u32(&writer, 0x04050607);
    write_u64(&writer, 0x08090a0b0c0d0e0fU);
    const uint8_t expected[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    assert_int_equal(writer_size(&writer), sizeof expected);
    assert_int_equal(writer_left(&writer), 0);
    assert_memory_equal(data, expected, sizeof expected);
}

static void a_failed_writer_writes_nothing_more(void **state) {
    (void)state;
    uint8_t data[4] = {9, 9, 9, 9};
    struct writer writer = writer_over(data, 3);
    write_u16(&writer, 0x0102);
    write_u16(&writer, 0x0304);
    write_u8(&writer, 5);
    write_bytes(&writer, "x", 1);
    write_zeros(&writer, 1);
    assert_true(writer.failed);
    assert_int_equal(writer_size(&writer), 0);
    assert_int_equal(writer_left(&writer), 0);
    assert_memory_equal(data, ((const uint8_t[]){1, 2, 9, 9}), 4);
}

static void writes_bytes_zeros_and_space(void **state) {
    (void)state;
    uint8_t data[7];
    memset(data, 0xee, sizeof data);
    struct writer writer = writer_over(data, sizeof data);
    write_bytes(&writer, "abc", 3);
    write_bytes(&writer, NULL, 0);
    write_zeros(&writer, 2);
    uint8_t *space = write_space(&writer, 1);
    assert_ptr_equal(space, data + 5);
    *space = 'z';
    assert_int_equal(writer_left(&writer), 1);
    assert_memory_equal(data, "abc\0\0z\xee", sizeof data);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_big_endian),
        cmocka_unit_test(reads_all_ones_without_sign),
        cmocka_unit_test(a_failed_reader_stays_failed),
        cmocka_unit_test(a_failed_copy_is_zeroed),
        cmocka_unit_test(huge_sizes_do_not_wrap),
        cmocka_unit_test(views_point_into_the_data),
        cmocka_unit_test(empty_input_is_finished_at_once),
        cmocka_unit_test(writes_big_endian),
        cmocka_unit_test(a_failed_writer_writes_nothing_more),
        cmocka_unit_test(writes_bytes_zeros_and_space),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("bytes", tests, NULL, NULL);
}
