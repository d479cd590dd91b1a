#!/bin/bash
# What `make run` does: a bootnode on loopback and a chat client in it. Whoever runs it meanwhile in another terminal
# joins the same chat. Without a terminal, two clients talk instead, on a bootnode of their own.
#
# The bootnode, and a guide who welcomes people, live in a process of their own (demo.sh host), for as long as somebody
# is in the chat. Locks say who is where; the kernel gives them back however a process ends.
#
# The environment: GOCHAT, the program; DATA, a folder that is kept, because people know each other by their keys:
#     bootnode.key, bootnode.log, guide/, people/1/, people/2/ …
#     people/1.lock   held by the one who has these keys
#     present         held by all who are there, together; the host ends when it gets it for itself
#     door            held while somebody comes in, so that two who come at once start one host
#     host            held by the host; port: where its bootnode listens
set -euo pipefail

: "${GOCHAT:?}" "${DATA:?}"
patience=20 # seconds for any one thing to happen
declare -A process input output

umask 077
mkdir -p "$DATA"

finish() {
    local pid
    for pid in "${process[@]}"; do kill "$pid" 2>/dev/null || true; done
    wait
    rm -rf "$scratch"
}

# Where pipes and what is not kept lie, until we end, however we do.
begin() {
    scratch=$(mktemp -d "$DATA/talk.XXXXXX")
    trap finish EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
}

fail() {
    echo "demo: $1" >&2
    cat "$DATA"/bootnode.log "$scratch"/*.log >&2 2>/dev/null || true
    exit 1
}

# --- the bootnode and clients of ours -------------------------------------------------------------------------------

port_taken() { grep -qi ":$(printf '%04x' "$1") " /proc/net/udp /proc/net/udp6 2>/dev/null; }

# Whether it listens at the port in time; it ends at once where somebody else was quicker.
try_bootnode() {
    local deadline=$((SECONDS + patience))
    printf '[bootnode]\nlisten = 127.0.0.1:%s\nkey_file = %s\n' "$port" "$key" >"$scratch/bootnode.ini"
    setpriv --pdeathsig TERM "$GOCHAT" --mode bootnode --config "$scratch/bootnode.ini" >"$log" 2>&1 </dev/null &
    process[bootnode]=$!
    until grep -q 'listening on' "$log"; do
        kill -0 "${process[bootnode]}" 2>/dev/null && ((SECONDS < deadline)) || return 1
        sleep 0.05
    done
}

# On `port`, which is 9595 where that is free; its key and its log are the files named.
start_bootnode() {
    local key=$1 log=$2 tries
    port=9595
    for ((tries = 0; tries < 20; tries++)); do
        ! port_taken "$port" && try_bootnode && return
        port=$((20000 + RANDOM % 10000))
    done
    fail "the bootnode does not start"
}

# The words that make a client in the room; the user's own settings may be for another one.
client_words() {
    local name=$1 folder=$2
    words=("$GOCHAT" --mode client --config /dev/null --bootnode "127.0.0.1:$port" --room lobby --nick "$name"
        --data-dir "$folder")
}

# Its input and output are pipes of ours, so that what happens next can be waited for.
start_client() {
    local name=$1 folder=$2 in out descriptor words
    mkfifo "$scratch/$name.in" "$scratch/$name.out"
    exec {in}<>"$scratch/$name.in" {out}<>"$scratch/$name.out"
    client_words "$name" "$folder"
    (
        # It must not hold the pipes of others open.
        for descriptor in "$in" "$out" "${input[@]}" "${output[@]}"; do exec {descriptor}>&-; done
        exec setpriv --pdeathsig TERM "${words[@]}" --ui json
    ) <"$scratch/$name.in" >"$scratch/$name.out" 2>"$scratch/$name.log" &
    process[$name]=$!
    input[$name]=$in
    output[$name]=$out
}

# --- without a terminal ----------------------------------------------------------------------------------------------

# Reads the events of a client until one has the name and, where given, the text.
await() {
    local name=$1 event=$2 text=${3:-} line deadline=$((SECONDS + patience))
    while ((SECONDS < deadline)) && read -r -t "$patience" -u "${output[$name]}" line; do
        [[ $line =~ \"event\":\ ?\"$event\" && $line == *"$text"* ]] && return
        kill -0 "${process[bootnode]}" 2>/dev/null || fail "the bootnode ended"
    done
    fail "$name waited $patience s for: $event $text"
}

say() {
    local from=$1 to=$2 text=$3
    echo "$text" >&"${input[$from]}"
    await "$to" message "$text"
    echo "$from: $text"
}

leave() {
    local name=$1 in=${input[$1]} status=0
    exec {in}>&-
    unset "input[$name]"
    wait "${process[$name]}" || status=$?
    unset "process[$name]"
    [[ $status -eq 0 ]] || fail "$name ended with status $status"
}

talk() {
    begin
    start_bootnode "$scratch/bootnode.key" "$scratch/bootnode.log"
    start_client alice "$scratch/alice"
    start_client bob "$scratch/bob"
    await alice peer-connected
    await bob peer-connected
    say alice bob "Hello Bob. The bootnode introduced us."
    say bob alice "Hello Alice. It sees neither our names nor these words."
    say alice bob "From here on we need it only to find others."
    say bob alice "See you."
    leave alice
    leave bob
}

# --- the host --------------------------------------------------------------------------------------------------------

# Welcomes everyone who comes, once; the events say who. Ends with the guide: its end of the pipe is then the last.
greet() {
    local line greeted=' ' peer in=${input[guide]} out=${output[guide]}
    exec <"$scratch/guide.out" >&"$in"
    exec {in}>&- {out}>&-
    while read -r line; do
        [[ $line =~ \"event\":\ ?\"peer-connected\" && $line =~ \"peer\":\ ?\"([0-9a-f]+)\" ]] || continue
        peer=${BASH_REMATCH[1]}
        [[ $greeted != *" $peer "* ]] || continue
        greeted+="$peer "
        echo 'Welcome. /help or F1 lists the commands, /quit leaves. To be more: "make run" in another terminal.'
    done
}

# Tells the port on standard output once there is somebody to talk to, and ends when nobody is present.
host() {
    exec 8>>"$DATA/host" 9>>"$DATA/present"
    flock -n 8 || exit 0
    rm -f "$DATA/port"
    begin
    # The locks stay here: who is started below does not keep them.
    { start_bootnode "$DATA/bootnode.key" "$DATA/bootnode.log"; } 8>&- 9>&-
    { start_client guide "$DATA/guide"; } 8>&- 9>&-
    greet 8>&- 9>&- &
    process[greeter]=$!
    echo "$port" >"$DATA/port.new"
    mv "$DATA/port.new" "$DATA/port"
    cat "$DATA/port"
    exec >/dev/null
    setpriv --pdeathsig TERM flock -x 9 8>&- &
    process[watch]=$!
    wait -n "${process[watch]}" "${process[bootnode]}" || true
    rm -f "$DATA/port"
}

# --- in a terminal ---------------------------------------------------------------------------------------------------

# Being present first keeps a host from ending that is there.
enter() {
    exec 9>>"$DATA/present"
    flock -s 9
    exec 8>>"$DATA/door"
    flock -x 8
    if flock -n "$DATA/host" true; then
        port=$(setsid --fork "$0" host 2>"$DATA/host.log" </dev/null 7>&- 8>&- 9>&-)
        [[ -n $port ]] || {
            cat "$DATA/host.log" "$DATA/bootnode.log" >&2 2>/dev/null || true
            exit 1
        }
    else
        port=$(<"$DATA/port")
        echo "This joins the chat of another terminal."
    fi
    exec 8>&-
}

# The keys that nobody uses now.
take_place() {
    mkdir -p "$DATA/people"
    for ((place = 1; ; place++)); do
        exec 7>>"$DATA/people/$place.lock"
        flock -n 7 && return
    done
}

# The user's name, with a number for all but the first; "you" where it would be no nick.
choose_nick() {
    nick=${USER:-$(id -un)}
    [[ $nick =~ ^[A-Za-z0-9_][A-Za-z0-9_.-]{0,27}$ ]] || nick=you
    ((place == 1)) || nick+=-$place
}

open_chat() {
    local person status=0 words place nick
    enter
    take_place
    choose_nick
    echo "A bootnode runs at 127.0.0.1:$port. To be more, run in another terminal:"
    printf '\n    make -C %q run\n\n' "$PWD"
    client_words "$nick" "$DATA/people/$place"
    # In the background, so that signals reach us; it shall have those that the shell keeps from what is there.
    exec 3<&0
    env --default-signal=INT,QUIT "${words[@]}" <&3 3<&- &
    person=$!
    trap 'kill -HUP "$person"' HUP
    trap 'kill -TERM "$person"' TERM
    trap : INT
    while kill -0 "$person" 2>/dev/null; do wait "$person" || true; done
    wait "$person" || status=$?
    # Nobody was there, or somebody missed something: for scripts that is no success, here it is a way to leave.
    case $status in 3 | 4) status=0 ;; esac
    exit "$status"
}

if [[ ${1:-} == host ]]; then
    host
elif [[ -t 0 && -t 1 ]]; then
    open_chat
else
    talk
fi
