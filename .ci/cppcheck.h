/* The loops of our libraries, which cppcheck, reading no system header, would take for syntax errors. */
#define json_array_foreach(array, i, value)                                                                            \
    for (i = 0; i < json_array_size(array) && (value = json_array_get(array, i)); i++)
#define json_object_foreach(object, key, value)                                                                        \
    for (key = json_first(object); key && (value = json_object_get(object, key)); key = json_next(object, key))
#define cds_lfht_for_each_entry(table, iterator, entry, member)                                                        \
    for (entry = lfht_first(table, iterator); entry; entry = lfht_next(table, iterator))
