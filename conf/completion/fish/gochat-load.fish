# Completion of fish for gochat-load, as gochat.fish has it.
functions -q __gochat_flags; or source (status dirname)/gochat.fish

set -l program (commandline -opc 2>/dev/null)[1]
test -n "$program"; or set program gochat-load
complete -c gochat-load -l help -d 'prints help'
complete -c gochat-load -l version -d 'prints the version'
__gochat_flags gochat-load true ($program --help)
complete -c gochat-load -n '__fish_contains_opt merge' -F
