#include "client/peer/path_log.h"

void path_log_add(struct path_log *log, enum path_note_kind kind, const struct path *path, uint32_t value,
                  uint64_t now) {
    struct path_note *note = &log->notes[log->count++ % PATH_NOTES];
    *note = (struct path_note){.at = now, .kind = kind, .value = value};
    if (path) note->path = *path;
}

const struct path_note *path_log_at(const struct path_log *log, size_t i) {
    size_t held = log->count < PATH_NOTES ? log->count : PATH_NOTES;
    return i < held ? &log->notes[(log->count - held + i) % PATH_NOTES] : NULL;
}
