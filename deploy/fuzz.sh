#!/usr/bin/env bash
# deploy/fuzz.sh [--minutes N] [--jobs N] [--seeds FOLDER] [--list] [TARGET...]
#
# Runs the fuzz targets of tests/fuzz, all of them without TARGET, for 10
# minutes each. Fills their corpora first, from our fixtures and rules and from
# every FOLDER of samples. Ends with status 1 when one found something, and
# names the file that shows it and the command that repeats it.
#
#   deploy/fuzz.sh --minutes 1
#   deploy/fuzz.sh --minutes 60 --jobs 4 --seeds ~/samples pdf ole
set -u -o pipefail
cd "$(dirname "$0")/.." || exit 1

fuzz=tests/fuzz
# What is most exposed comes first.
all=(pipeline headers digits rules pdf ole archives office html messages proofs rtf tnef tables images
    calendars milter_frames worker_frames)
# Seconds for one input, and MiB for one allocation and for all together.
timeout=25 allocation=128 memory=2048

usage() {
    sed -n '2,/^set /{/^# \{0,1\}/s/^# \{0,1\}//p}' deploy/fuzz.sh >&2
    exit 2
}

minutes=10 jobs=1 seeds=() targets=()
while [ $# -gt 0 ]; do
    case $1 in
    --minutes) minutes=${2:-} && shift ;;
    --jobs) jobs=${2:-} && shift ;;
    --seeds) seeds+=("${2:-}") && shift ;;
    --list) printf '%s\n' "${all[@]}" && exit 0 ;;
    -*) usage ;;
    *) targets+=("$1") ;;
    esac
    shift || usage
done
case $minutes$jobs in '' | *[!0-9]*) usage ;; esac
if [ "$minutes" -eq 0 ] || [ "$jobs" -eq 0 ]; then usage; fi
for folder in ${seeds[@]+"${seeds[@]}"}; do
    [ -d "$folder" ] || { echo "no folder of seeds: $folder" >&2 && exit 2; }
done
for target in ${targets[@]+"${targets[@]}"}; do
    [ -f "$fuzz/targets/$target.rs" ] || { echo "no target $target; --list shows them" >&2 && exit 2; }
done
[ ${#targets[@]} -gt 0 ] || targets=("${all[@]}")

# missing WHAT COMMAND: says how to get it
missing() {
    printf '%s is missing. Install it with:\n  %s\n' "$1" "$2" >&2
    exit 1
}
command -v python3 >/dev/null || missing python3 'sudo apt-get install -y python3'
command -v rustup >/dev/null || missing rustup 'see https://rustup.rs'
rustup toolchain list | grep -q '^nightly' || missing 'the nightly compiler' 'rustup toolchain install nightly --profile minimal'
cargo fuzz --version >/dev/null 2>&1 || missing cargo-fuzz 'cargo install cargo-fuzz --locked'

host=$(rustc +nightly -vV | sed -n 's/^host: //p')
programs=$fuzz/target/$host/release
corpus=$fuzz/corpus artefacts=$fuzz/artifacts logs=$fuzz/target/logs
mkdir -p "$corpus" "$artefacts" "$logs"

echo "building ${#targets[@]} targets"
one=''
[ ${#targets[@]} -eq 1 ] && one=${targets[0]}
# Assertions are set by the profile, not by cargo-fuzz (-O), so that one crate
# can be left out.
cargo +nightly fuzz build -O --fuzz-dir "$fuzz" ${one:+"$one"} 2>"$logs/build" || {
    cat "$logs/build" >&2
    exit 1
}
python3 "$fuzz/seeds.py" "$corpus" tests/fixtures rules ${seeds[@]+"${seeds[@]}"} 2>/dev/null || {
    echo "the corpora cannot be filled: python3 $fuzz/seeds.py $corpus tests/fixtures rules" >&2
    exit 1
}

# longest TARGET: bytes of an input; more only makes it slow
longest() {
    case $1 in
    digits) echo 400 ;;
    headers | pipeline | worker_frames) echo 2048 ;;
    milter_frames) echo 4096 ;;
    rules) echo 16384 ;;
    html | messages | calendars) echo 32768 ;;
    *) echo 65536 ;;
    esac
}

# run TARGET: one target to its end
run() {
    local target=$1 words=$fuzz/dictionaries/$1.dict
    mkdir -p "$corpus/$target" "$artefacts/$target"
    [ -f "$words" ] || words=''
    # Threads of a server are no leak.
    ASAN_OPTIONS=detect_odr_violation=0:detect_leaks=0:${ASAN_OPTIONS:-} "$programs/$target" \
        -max_total_time=$((minutes * 60)) -timeout=$timeout -rss_limit_mb=$memory \
        -malloc_limit_mb=$allocation -max_len="$(longest "$target")" -print_final_stats=1 \
        -artifact_prefix="$artefacts/$target/" ${words:+-dict="$words"} "$corpus/$target" >"$logs/$target" 2>&1
    echo $? >"$logs/$target.status"
}

# state TARGET: where a target stands, in a few words
state() {
    local line
    line=$(grep -a '^#[0-9]' "$logs/$1" 2>/dev/null | tail -n 1)
    [ -n "$line" ] || line='#0 starting'
    printf '%-14s %s' "$1" "$(sed -E 's/[[:space:]]+/ /g; s/ lim: .*//; s/ L: .*//' <<<"$line")"
}

waiting=("${targets[@]}") running=() started=$SECONDS told=$SECONDS
trap 'kill $(jobs -p) 2>/dev/null' EXIT
while [ ${#waiting[@]} -gt 0 ] || [ ${#running[@]} -gt 0 ]; do
    while [ ${#waiting[@]} -gt 0 ] && [ ${#running[@]} -lt "$jobs" ]; do
        rm -f "$logs/${waiting[0]}" "$logs/${waiting[0]}.status"
        run "${waiting[0]}" &
        running+=("${waiting[0]}")
        waiting=("${waiting[@]:1}")
    done
    sleep 1
    still=()
    for target in "${running[@]}"; do
        if [ -f "$logs/$target.status" ]; then
            printf '%s: %s\n' "$([ "$(cat "$logs/$target.status")" = 0 ] && echo ok || echo FOUND)" "$(state "$target")"
        else
            still+=("$target")
        fi
    done
    running=(${still[@]+"${still[@]}"})
    if [ $((SECONDS - told)) -ge 60 ]; then
        told=$SECONDS
        for target in ${running[@]+"${running[@]}"}; do
            printf '  %4d min  %s\n' $(((SECONDS - started) / 60)) "$(state "$target")"
        done
    fi
done

found=0
printf '\n%-14s %8s %12s %8s %8s  %s\n' target minutes inputs cover corpus result
for target in "${targets[@]}"; do
    inputs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$logs/$target" | tail -n 1)
    last=$(grep -a '^#[0-9].* cov: ' "$logs/$target" | tail -n 1)
    cover=$(sed -n 's/.* cov: \([0-9]*\).*/\1/p' <<<"$last")
    kept=$(sed -n 's/.* corp: \([0-9]*\).*/\1/p' <<<"$last")
    result=ok
    if [ "$(cat "$logs/$target.status" 2>/dev/null)" != 0 ]; then
        result=FOUND
        found=1
    fi
    printf '%-14s %8d %12s %8s %8s  %s\n' "$target" "$minutes" "${inputs:-?}" "${cover:-?}" "${kept:-?}" "$result"
done
for target in "${targets[@]}"; do
    [ "$(cat "$logs/$target.status" 2>/dev/null)" != 0 ] || continue
    artefact=$(sed -n 's/.*Test unit written to //p' "$logs/$target" | tail -n 1)
    printf '\n%s: %s\n' "$target" "$(grep -aE "panicked at|ERROR: |SUMMARY: " "$logs/$target" | head -n 1)"
    printf '  file    %s\n  log     %s\n' "${artefact:-none}" "$logs/$target"
    printf '  repeat  cargo +nightly fuzz run -O --fuzz-dir %s %s %s\n' "$fuzz" "$target" "${artefact:-}"
done
exit $found
