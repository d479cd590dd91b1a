/* The settings of the client, the sender and the doctor: section [client] of a file, and [keys] and [colours] of the
 * screen. What the command line says of them goes over these (client/command_line). */
#pragma once

#include <stdbool.h>

#include "client/invite/invite.h"
#include "client/look/keys.h"
#include "client/look/palette.h"
#include "common/attributes.h"
#include "common/ini_table.h"
#include "common/text.h"
#include "common/why.h"

enum { CIPHERS_AUTO, CIPHERS_CHACHA };
enum { RELAY_AUTO, RELAY_NEVER };
enum { PORT_MAPPING_AUTO, PORT_MAPPING_OFF };
enum { UI_CHOICE_AUTO, UI_CHOICE_CURSES, UI_CHOICE_PLAIN, UI_CHOICE_JSON };
enum { LINKS_AUTO, LINKS_ON, LINKS_OFF };
enum { JOINS_AUTO, JOINS_ON, JOINS_OFF };
enum { FLOOD_AUTO /* where a person reads: at a terminal */, FLOOD_ON, FLOOD_OFF };
enum { MEMBERS_AUTO, MEMBERS_ON, MEMBERS_OFF };
enum { CLOCK_MINUTES, CLOCK_SECONDS, CLOCK_OFF };
enum { COLOURS_AUTO, COLOURS_NONE, COLOURS_8, COLOURS_256, COLOURS_TRUE };

struct client_config {
    char bootnode[INI_TEXT_SIZE];     /* as bootnodes_name takes it */
    char bootnode_key[INI_TEXT_SIZE]; /* as bootnodes_pin takes it */
    char room[INI_TEXT_SIZE];         /* as room_name_parse makes it */
    char nick[INI_TEXT_SIZE];         /* empty: login name and four digits of the key */
    bool nick_is_flag;                /* --nick, rather than a file's */
    char secret_file[INI_TEXT_SIZE];  /* empty: open room */
    bool passphrase;                  /* the room's is to be asked for, or read from */
    int passphrase_fd;                /* -1: from nowhere */
    int key_passphrase_fd;            /* our key's: likewise, and -1: it is asked for */
    bool founds;                      /* the room is a new private one */
    bool once;                        /* the invite to it is for one person, */
    long long invite_s;               /* or ends after so long; 0: never */
    bool invited;                     /* bootnodes and room are those of */
    struct invite invite;             /* which has the secret; whoever reads the settings wipes it */
    char data_dir[INI_TEXT_SIZE];     /* empty: $XDG_DATA_HOME/gochat or ~/.local/share/gochat */
    long long port;                   /* 0: any */
    long long timeout;                /* of --mode send, in seconds */
    bool sends;                       /* --mode send: */
    char *text;                       /* what, malloc'd; NULL: standard input */
    bool json, lifetime;              /* --mode doctor: how to answer, and what to measure */
    int ui;
    int ciphers;
    int relay; /* RELAY_NEVER: neither for us, nor by us */
    int port_mapping;
    int sandbox;  /* enum sandbox_choice */
    bool history; /* keep, pass on and ask for what was said lately */
    int log_level;
    /* Of the screen; /set changes these while it runs. */
    bool bell;                      /* on mention */
    bool notify;                    /* OSC 9 on mention */
    bool title;                     /* of the terminal */
    bool mouse;                     /* its wheel scrolls */
    int members;                    /* the list of members: MEMBERS_AUTO shows it where there is room */
    int links;                      /* LINKS_AUTO: where the terminal is known to open them */
    int joins;                      /* how who comes and goes is told: ui/comings.h */
    int flood;                      /* whether one who says too much is folded: ui/flood.h */
    int clock;                      /* in front of each line */
    int theme;                      /* enum palette_theme */
    int colours;                    /* COLOURS_AUTO: what the terminal says, and NO_COLOR */
    char file[4096];                /* of the settings, which need not be there; empty: there can be none */
    bool file_is_own;               /* it is client_config_own_file */
    struct palette_own own_colours; /* of [colours] */
    struct keys_own keys;           /* of [keys] */
};

#define CLIENT_CONFIG_SECTION "client"
extern const struct ini_table client_config_table;
/* Of the section [client] of that table: may /set change this key? */
bool client_config_is_setting(const char *key);

/* The user's own settings: client.ini in $XDG_CONFIG_HOME/gochat, else in ~/.config/gochat. False where there is none,
 * with where it would be, or an empty path;
 * true also where that cannot be told, and who reads it will hear why. */
bool client_config_own_file(char *out, size_t size);
/* Where keys, rooms and people are kept: data_dir, else $XDG_DATA_HOME/gochat or ~/.local/share/gochat. False with one
 * line in `why`: no home directory is known. */
MUST_USE bool client_config_data_directory(const struct client_config *config, char *out, size_t size, struct why *why);
