#!/usr/bin/env bash
# Import and export of a dense 8 GB checkpoint against cp of the same files on the same disk, each
# with a sync at its end; medians of three. Needs 30 GB in DIR.
#   test/bridge/speed.sh STEP37C DIR
set -euo pipefail
if [[ $# -ne 2 ]]; then
  sed -n '2,4s/^# //p' "$0" >&2
  exit 2
fi
here=$(dirname "${BASH_SOURCE[0]}")
step37c=$1
work=$2/step37-speed
rm -rf "$work"
mkdir -p "$work"
trap 'rm -rf "$work"' EXIT
python3 "$here/make_dense_checkpoint.py" "$step37c" "$here/../data/configs/step35-slice.json" \
  "$work/hf"
"$step37c" import "$work/hf" -o "$work/ckpt" > /dev/null

copy() {
  cp -r "$1" "$2"
  find "$2" -type f -exec sync {} +
}
# seconds of a command whose output $work/out is removed before and after it
seconds() {
  rm -rf "$work/out"
  sync
  local began ended
  began=$(date +%s.%N)
  "$@" > /dev/null
  ended=$(date +%s.%N)
  rm -rf "$work/out"
  awk "BEGIN { print $ended - $began }"
}
median() { sort -g | sed -n 2p; }

for what in copy import export import-tp2 export-tp2; do
  case $what in
    copy) command=(copy "$work/hf" "$work/out") ;;
    import) command=("$step37c" import "$work/hf" -o "$work/out") ;;
    export) command=("$step37c" export "$work/ckpt" -o "$work/out") ;;
    import-tp2) command=("$step37c" import "$work/hf" -o "$work/out" --tp 2 --ep 2) ;;
    export-tp2)
      rm -rf "$work/ckpt"
      "$step37c" import "$work/hf" -o "$work/ckpt" --tp 2 --ep 2 > /dev/null
      command=("$step37c" export "$work/ckpt" -o "$work/out")
      ;;
  esac
  took=$(for _ in 1 2 3; do seconds "${command[@]}"; done | median)
  [[ $what == copy ]] && reference=$took
  awk "BEGIN { printf \"%-10s %6.2f s  %5.2f GB/s  %3.0f %% of cp\n\", \"$what\", $took,
               8.005 / $took, 100 * $reference / $took }"
done
