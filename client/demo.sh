#!/bin/bash
# What `make run` does: a bootnode on loopback and a chat client in it. Without a terminal, two clients talk instead.
# The environment: GOCHAT, the program; DATA, the folder for its keys and logs.
set -euo pipefail

: "${GOCHAT:?}" "${DATA:?}"
patience=20 # seconds for any one thing to happen
declare -A process input output

umask 077
mkdir -p "$DATA"
data=$(mktemp -d "$DATA/talk.XXXXXX")

finish() {
    local pid
    for pid in "${process[@]}"; do kill "$pid" 2>/dev/null || true; done
    wait
    rm -rf "$data"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

fail() {
    echo "demo: $1" >&2
    cat "$DATA"/bootnode.log "$data"/*.log >&2 2>/dev/null || true
    exit 1
}

port_taken() { grep -qi ":$(printf '%04x' "$1") " /proc/net/udp /proc/net/udp6 2>/dev/null; }

free_port() {
    local port=9595
    while port_taken "$port"; do port=$((20000 + RANDOM % 10000)); done
    echo "$port"
}

start_bootnode() {
    printf '[bootnode]\nlisten = 127.0.0.1:%s\nkey_file = %s/bootnode.key\n' "$1" "$DATA" >"$data/bootnode.ini"
    "$GOCHAT" --mode bootnode --config "$data/bootnode.ini" >"$DATA/bootnode.log" 2>&1 </dev/null &
    process[bootnode]=$!
}

# Becomes the client, so call it in a process of its own. It must not hold the pipes of others open.
client() {
    local name=$1 folder=$2 descriptor
    shift 2
    for descriptor in "${input[@]}" "${output[@]}"; do exec {descriptor}>&-; done
    exec "$GOCHAT" --mode client --bootnode "127.0.0.1:$port" --room lobby --nick "$name" --data-dir "$folder" "$@"
}

# Somebody is there already, and says what cannot be printed: the screen has the whole terminal.
guide() {
    await guide peer-connected
    printf '%s\n' "Welcome. /help or F1 lists the commands, /quit leaves." \
        "To be two, run in another terminal: $GOCHAT --mode client --bootnode 127.0.0.1:$port --room lobby --data-dir $DATA/second" \
        >&"${input[guide]}"
}

open_chat() {
    start_client guide
    guide &
    process[words]=$!
    (client "${USER:-$(id -un)}" "$DATA/first")
}

# Its input and output are pipes of ours, so that what happens next can be waited for.
start_client() {
    local name=$1 in out
    mkfifo "$data/$name.in" "$data/$name.out"
    exec {in}<>"$data/$name.in" {out}<>"$data/$name.out"
    input[$name]=$in
    output[$name]=$out
    client "$name" "$data/$name" --ui json <"$data/$name.in" >"$data/$name.out" 2>"$data/$name.log" &
    process[$name]=$!
}

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
    start_client alice
    start_client bob
    await alice peer-connected
    await bob peer-connected
    say alice bob "Hello Bob. The bootnode introduced us."
    say bob alice "Hello Alice. It sees neither our names nor these words."
    say alice bob "From here on we need it only to find others."
    say bob alice "See you."
    leave alice
    leave bob
}

port=$(free_port)
start_bootnode "$port"
if [[ -t 0 && -t 1 ]]; then open_chat; else talk; fi
