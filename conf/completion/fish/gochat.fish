# Completion of fish for gochat; gochat-load.fish is for gochat-load. The flags, what stands behind them, modes and commands
# are those of the program that is completed: its own help is asked, so they are never others.

# The mode that the line so far names; the last --mode counts.
function __gochat_mode
    set -l mode client
    set -l tokens (commandline -opc)
    for i in (seq 2 (count $tokens))
        switch $tokens[$i]
            case --mode
                test $i -lt (count $tokens); and set mode $tokens[(math $i + 1)]
            case '--mode=*'
                set mode (string replace -- --mode= '' $tokens[$i])
        end
    end
    echo $mode
end

# __gochat_flags COMMAND CONDITION PAGE...: completions for what the lines of a page of help say.
function __gochat_flags
    set -l command $argv[1]
    set -l condition $argv[2]
    for line in $argv[3..-1]
        set -l flag (string match -r -- '^  --([a-z-]+)((?: [^ ,]+)?)  +(.*)$' $line)
        or continue
        set -l options -c $command -n $condition -l $flag[2] -d $flag[-1]
        set -l takes (string trim -- "$flag[3]")
        switch "$takes"
            case ''
                complete $options
            case FILE
                complete $options -r -F
            case DIR
                complete $options -x -a '(__fish_complete_directories)'
            case LEVEL
                complete $options -x -a 'error warning info debug'
            case 'HOST*'
                complete $options -x -a '(__fish_print_hostnames)'
            case '*|*'
                complete $options -x -a (string replace -a '|' ' ' $takes)
            case '*'
                complete $options -x
        end
    end
end

# The names of modes or commands, each at the beginning of a line of a page, with what they do.
function __gochat_names
    for line in $argv
        set -l name (string match -r -- '^  ([a-z][a-z-]*)(?: [^ ]+)*  +(.*)$' $line)
        and printf '%s\t%s\n' $name[2] $name[3]
    end
end

set -l program (commandline -opc 2>/dev/null)[1]
test -n "$program"; or set program gochat
complete -c gochat -f
complete -c gochat -l help -d 'prints help'
complete -c gochat -l version -d 'prints the version'
complete -c gochat -l mode -x -d 'what to be' -a "(__gochat_names ($program --help))"
for mode in (__gochat_names ($program --help) | string split -f 1 \t)
    set -l page ($program --mode $mode --help)
    __gochat_flags gochat "test (__gochat_mode) = $mode" $page
    set -l commands (__gochat_names $page | string split -f 1 \t)
    test -n "$commands"
    and complete -c gochat -n "test (__gochat_mode) = $mode; and not __fish_seen_subcommand_from $commands" \
        -a "(__gochat_names ($program --mode $mode --help))"
    # What stands behind a command, where it is one of some words or a file.
    for line in $page
        set -l filed (string match -r -- '^  ([a-z-]+) FILE  ' $line)
        and complete -c gochat -n "test (__gochat_mode) = $mode; and __fish_seen_subcommand_from $filed[2]" -F
        set -l found (string match -r -- '^  ([a-z-]+) ([a-z|]*\|[a-z|]*)  ' $line)
        and complete -c gochat -n "test (__gochat_mode) = $mode; and __fish_seen_subcommand_from $found[2]" \
            -a (string replace -a '|' ' ' $found[3])
    end
end
