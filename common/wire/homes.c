#include "common/wire/homes.h"

#include "common/wire/candidate.h"

static bool repeats_node(const struct named_homes *homes, unsigned index) {
    for (unsigned i = 0; i < index; i++)
        if (homes->list[i].node == homes->list[index].node) return true;
    return false;
}

static void read_home(struct reader *reader, struct home *home) {
    *home = (struct home){.node = read_u8(reader), .address_count = read_u8(reader)};
    if (home->address_count == 0 || home->address_count > HOME_ADDRESSES_MAX) {
        home->address_count = 0;
        reader_fail(reader);
    }
    for (unsigned i = 0; i < home->address_count; i++) {
        bool seen;
        read_candidate(reader, &home->addresses[i], &seen);
        if (seen) reader_fail(reader);
    }
    if (home->address_count == 2 && address_is_ipv4(&home->addresses[0]) == address_is_ipv4(&home->addresses[1]))
        reader_fail(reader);
}

static bool counts_hold(const struct named_homes *homes) {
    return homes->replicas >= 1 && homes->replicas <= HOMES_MAX && homes->count >= 1 && homes->count <= HOMES_MAX;
}

void read_homes(struct reader *reader, struct named_homes *homes) {
    if (!counts_hold(homes)) {
        homes->count = 0;
        reader_fail(reader);
    }
    homes->node = read_u8(reader);
    for (unsigned i = 0; i < homes->count; i++) {
        read_home(reader, &homes->list[i]);
        if (repeats_node(homes, i)) reader_fail(reader);
    }
}

void write_homes(struct writer *writer, const struct named_homes *homes) {
    if (!counts_hold(homes)) writer->failed = true;
    write_u8(writer, homes->node);
    for (unsigned i = 0; i < homes->count && !writer->failed; i++) {
        const struct home *home = &homes->list[i];
        if (home->address_count == 0 || home->address_count > HOME_ADDRESSES_MAX) writer->failed = true;
        write_u8(writer, home->node);
        write_u8(writer, home->address_count);
        for (unsigned j = 0; j < home->address_count && !writer->failed; j++)
            write_candidate(writer, &home->addresses[j], false);
    }
}

size_t homes_size(const struct named_homes *homes) {
    size_t size = 1;
    for (unsigned i = 0; i < homes->count; i++) {
        size += 2;
        for (unsigned j = 0; j < homes->list[i].address_count; j++)
            size += candidate_size(&homes->list[i].addresses[j]);
    }
    return size;
}
