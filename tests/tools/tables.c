/* tables: what the client's tables say, for tests that must miss nothing: a line for each key binding, command and
 * setting: "key NAME<tab>help", "command NAME<tab>arguments", "setting NAME"; and what [keys] and [colours] take:
 * "action NAME", "role NAME". */
#include <stdio.h>

#include "client/config.h"
#include "client/look/keys.h"
#include "client/ui/commands.h"

static void print_keys(void) {
    size_t count;
    const struct binding *bindings = keys_table(&count);
    char name[32];
    for (size_t i = 0; i < count; i++)
        printf("key %s\t%s\n", keys_name(bindings[i].key, name), keys_help(bindings[i].action));
}

static void print_look(void) {
    for (int action = 0; action < ACTION_NONE; action++)
        if (*keys_action_name(action)) printf("action %s\n", keys_action_name(action));
    for (size_t i = 0; palette_role(i); i++) printf("role %s\n", palette_role(i));
}

static void print_commands(void) {
    size_t count;
    const struct command *commands = commands_table(&count);
    for (size_t i = 0; i < count; i++) printf("command %s\t%s\n", commands[i].name, commands[i].arguments);
}

static void print_settings(void) {
    for (size_t i = 0; i < client_config_table.count; i++)
        if (client_config_is_setting(client_config_table.keys[i].name))
            printf("setting %s\n", client_config_table.keys[i].name);
}

int main(void) {
    print_keys();
    print_commands();
    print_settings();
    print_look();
    return 0;
}
