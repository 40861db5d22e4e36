# shellcheck shell=bash
# What the scripts of bin share; sourced, not run. It goes to the root of the project.
#
# Written for bash 3.2, which is what macOS has: no associative arrays, no `wait -n`, no expansion of empty arrays.

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit
PATH="$PATH:$HOME/.cargo/bin"
# shellcheck disable=SC2034 # the scripts use it
TARGET="${CARGO_TARGET_DIR:-target}"

say() { printf '%s\n' "$@"; }

fail() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 1
}

# --- What has to be installed

missing_apt="" missing_brew=""

# need APT_PACKAGE BREW_PACKAGE CHECK…: notes the packages when the check fails.
need() {
  local apt=$1 brew=$2
  shift 2
  "$@" >/dev/null 2>&1 && return 0
  missing_apt+=" $apt" missing_brew+=" $brew"
}

# Installs what `need` noted, or prints how to and ends.
install_missing() {
  [[ -n $missing_apt ]] || return 0
  local as_root="" command
  if command -v apt-get >/dev/null; then
    [[ $EUID == 0 ]] || as_root="sudo "
    command="${as_root}apt-get update && ${as_root}env DEBIAN_FRONTEND=noninteractive apt-get install -y$missing_apt"
    # Without a terminal nobody can answer sudo's question.
    if [[ $EUID != 0 && ! -t 0 ]] && ! sudo -n true 2>/dev/null; then
      fail "something is missing and may not be installed from here; run this, then try again:"$'\n'"  $command"
    fi
  elif command -v brew >/dev/null; then
    command="brew install$missing_brew"
  else
    fail "missing, and neither apt-get nor brew is here to install it:$missing_apt"
  fi
  say "installing:$missing_apt"
  bash -c "$command" >&2 || fail "could not install; run this, then try again:"$'\n'"  $command"
}

# Rust is not installed by itself: which toolchain a machine has is its owner's choice.
need_rust() {
  command -v cargo >/dev/null || fail "cargo is missing; install Rust with rustup (https://rustup.rs), then try again"
  local wanted have
  wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
  have=$(cargo --version) && have=$(cut -d ' ' -f 2 <<<"$have")
  [[ $(printf '%s\n' "$wanted" "$have" | sort -V | head -n 1) == "$wanted" ]] ||
    fail "Rust $wanted or newer is needed, this is $have; run \`rustup update\`, then try again"
}

# Prints the folder of the newest PostgreSQL's programs, which are not on the PATH.
postgres_programs() {
  local folder found=""
  for folder in /usr/lib/postgresql/*/bin /usr/local/opt/postgresql*/bin /opt/homebrew/opt/postgresql*/bin; do
    [[ -x $folder/initdb ]] && found=$folder
  done
  [[ -n $found ]] && printf '%s\n' "$found"
}

# --- Ports

given_ports=" "

# take_port NAME [PORT]: sets the variable to the port, or to a free one.
take_port() {
  local port=${2:-}
  if [[ -n $port ]] && taken "$port"; then fail "port $port is taken"; fi
  while [[ -z $port ]]; do
    # Below the range from which systems give ports to outgoing connections.
    port=$((20000 + RANDOM % 12000))
    if taken "$port"; then port=""; fi
  done
  given_ports+="$port "
  printf -v "$1" %s "$port"
}

taken() { [[ $given_ports == *" $1 "* ]] || (: >"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# --- Processes
#
# Every process that a script starts is noted in a file of the run's folder, with the signal that ends it and the
# moment it was born: so a later run can end what a killed one left behind, and never somebody else's process
# that has been given the same number. `NAME.process` files are ended before `NAME.service` files.

RUN="" LOGS=""

# Prints when a process was born; fails when it is gone.
born() {
  local line fields
  if [[ -d /proc/self ]]; then
    line=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
    read -r -a fields <<<"${line##*) }"
    # A zombie is gone, it only waits to be counted.
    [[ ${fields[0]} != Z ]] && printf '%s\n' "${fields[19]}"
  else
    line=$(ps -o lstart= -p "$1") && read -r line <<<"$line" && printf '%s\n' "$line"
  fi
}

# alive NOTE: whether the noted process is the one that runs; sets `pid` and `signal`.
alive() {
  local mark
  [[ -s $1 ]] && read -r pid signal mark <"$1" && [[ -n $mark && $(born "$pid") == "$mark" ]]
}

# note FILE PID SIGNAL
note() { printf '%s %s %s\n' "$2" "$3" "$(born "$2")" >"$1"; }

# start NOTE SIGNAL COMMAND…: runs it in the background with the output that `start` itself was given; its id is in $!.
start() {
  local name=$1 signal=$2
  shift 2
  # Its own process group, so that Ctrl-C reaches only the script, which then ends things in order.
  set -m
  noted "$RUN/$name" "$signal" "$@" </dev/null &
  set +m
  note "$RUN/$name" "$!" "$signal"
}

# It notes itself too: the script may be killed before it can. ($BASHPID is unknown to bash 3.2.)
noted() {
  note "$1" "$(exec sh -c 'echo "$PPID"')" "$2"
  shift 2
  if [[ $(type -t "$1") == function ]]; then "$@"; else exec "$@"; fi
}

# stop NOTE…: ends the processes, by force after 30 seconds.
stop() {
  local file pid signal turn
  for file; do
    if alive "$file"; then kill -s "$signal" -- "-$pid" 2>/dev/null || true; fi
  done
  for ((turn = 0; turn < 150; turn++)); do
    any_alive "$@" || break
    sleep 0.2
  done
  for file; do
    if alive "$file"; then
      say "${0##*/}: $(basename "$file") did not end in time and is killed" >&2
      kill -s KILL -- "-$pid" 2>/dev/null || true
    fi
  done
  rm -f "$@"
}

# An explicit status: in a trap, a bare `return` gives the one from before the trap.
any_alive() {
  local file pid signal
  for file; do alive "$file" && return 0; done
  return 1
}

# --- Runs

# begin_run FOLDER [FOLDER FOR LOGS]: makes it this run's folder, after ending what a dead run left there. One run at a time.
begin_run() {
  local pid signal
  if alive "$1/owner"; then fail "another one is running here (process $pid); end it first"; fi
  sweep "$1"
  mkdir -p "$1"
  RUN=$1 LOGS=${2:-$1}
  note "$RUN/owner" "$$" TERM
  trap end_run EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM
}

# begin_own_run FOLDER: the same, with a folder per run below the given one. Any number of runs at a time.
begin_own_run() {
  local folder pid signal
  for folder in "$1"/run-*; do
    alive "$folder/owner" || sweep "$folder"
  done
  begin_run "$1/run-$$"
}

end_run() {
  local status=$?
  trap '' HUP INT TERM
  if any_alive "$RUN"/*.process "$RUN"/*.service; then say "${0##*/}: stopping what was started" >&2; fi
  sweep "$RUN"
  exit "$status"
}

# Ends what a run started and removes what it made for itself.
sweep() {
  local folder
  stop "$1"/*.process
  stop "$1"/*.service
  if [[ -s $1/folders ]]; then
    while IFS= read -r folder; do rm -rf "$folder"; done <"$1/folders"
  fi
  rm -rf "$1"
}

# wait_until SECONDS COMMAND…: repeats the command until it succeeds; fails when the time is over.
wait_until() {
  local end=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    ((SECONDS < end)) || return 1
    sleep 0.2
  done
}

# --- Redis and PostgreSQL of our own, on private ports

# start_redis PORT FOLDER SETTING…
start_redis() {
  local port=$1 folder=$2
  shift 2
  mkdir -p "$folder"
  start redis.service TERM redis-server --port "$port" --bind 127.0.0.1 --dir "$folder" "$@" >"$LOGS/redis.log" 2>&1
  wait_until 15 redis_answers "$port" && return 0
  tail -n 10 "$LOGS/redis.log" >&2
  fail "Redis did not start on port $port"
}

# A process that ended because another one has its port must not pass for ready.
redis_answers() {
  local pid signal
  alive "$RUN/redis.service" && [[ $(redis-cli -p "$1" ping) == PONG ]]
}

# start_postgres PORT SETTING…: its URL is `postgres://postgres@127.0.0.1:PORT/postgres`.
start_postgres() {
  local port=$1 folder programs user=()
  shift
  programs=$(postgres_programs) || fail "PostgreSQL is missing"
  # Not in the project: its own user may not be able to come there, and a socket's path has to be short.
  folder=$(mktemp -d /tmp/pressroom-postgres.XXXXXX)
  say "$folder" >>"$RUN/folders"
  # It refuses to run as root. The `env` keeps the list from being empty.
  user=(env)
  if [[ $EUID == 0 ]]; then
    user=(setpriv --reuid=postgres --regid=postgres --init-groups)
    chown postgres "$folder"
  fi
  (cd "$folder" && "${user[@]}" "$programs/initdb" -D "$folder/data" -U postgres -A trust -E UTF8 --locale=C --no-sync) \
    >"$LOGS/postgres.log" 2>&1 || { tail -n 10 "$LOGS/postgres.log" >&2; fail "initdb failed"; }
  # SIGINT is its fast shutdown; at SIGTERM it would wait for its clients.
  start postgres.service INT "${user[@]}" "$programs/postgres" -D "$folder/data" -p "$port" -k "$folder" \
    -c listen_addresses=127.0.0.1 -c max_connections=300 ${1+"$@"} >>"$LOGS/postgres.log" 2>&1
  wait_until 30 postgres_answers "$programs" "$port" && return 0
  tail -n 10 "$LOGS/postgres.log" >&2
  fail "PostgreSQL did not start on port $port"
}

postgres_answers() {
  local pid signal
  alive "$RUN/postgres.service" && "$1/pg_isready" -h 127.0.0.1 -p "$2"
}
