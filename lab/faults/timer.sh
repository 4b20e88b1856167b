# timer.sh FOLDER SECONDS LOG: undoes a fault, FOLDER/undo, when the time is over or at SIGTERM, and takes the folder away.
# FOLDER/timer, this process's number, appears when the undo is armed. A failed undo leaves the folder, and why in LOG.
finish() {
  trap : TERM
  kill "$!" 2>/dev/null
  sh "$1/undo" && rm -rf "$1" "$3"
  exit
}
trap 'finish "$@"' TERM
sleep "$2" &
echo "$$" >"$1/timer.new" && mv "$1/timer.new" "$1/timer"
wait
finish "$@"
