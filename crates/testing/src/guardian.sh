# Runs one throw-away PostgreSQL server for as long as its standard input stays open.
# Arguments: the PostgreSQL bin folder, the template of the data folder, the folder to work in, server options.
# Prints "ready" after each start. On standard input, a line "crash" kills the server without warning and starts it
# again.
trap '' HUP INT TERM
bin=$1 template=$2 dir=$3
shift 3
pid=

start() {
    "$bin/postgres" -D "$dir/data" -k "$dir" "$@" </dev/null >>"$dir/log" 2>&1 &
    pid=$!
    while kill -0 "$pid" 2>/dev/null; do
        state=$(sed -n '1p;8p' "$dir/data/postmaster.pid" 2>/dev/null | tr '\n' ' ')
        case $state in "$pid ready"*) return 0 ;; esac
        sleep 0.02
    done
    return 1
}

stop() {
    kill -"$1" "$pid" 2>/dev/null
    wait "$pid" 2>/dev/null
}

# The processes of a killed server take a moment to notice; until then a new one cannot start.
start_again() {
    tries=0
    until start "$@"; do
        tries=$((tries + 1))
        if [ "$tries" -gt 200 ]; then return 1; fi
        sleep 0.05
    done
}

cp -a "$template" "$dir/data" && start "$@" && echo ready || { cat "$dir/log" >&2; rm -rf "$dir"; exit 1; }
while read -r command; do
    if [ "$command" = crash ]; then
        stop KILL
        start_again "$@" && echo ready
    fi
done
stop QUIT
rm -rf "$dir"
