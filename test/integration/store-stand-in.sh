#!/usr/bin/env bash
# A stand-in for keychain helpers on machines without those keychains: speaks Docker's protocol like osxkeychain and
# wincred of docker/docker-credential-helpers. Arguments: its directory, its name, the verb. One file per entry. In
# bash, because it needs no other programs.
set -euo pipefail
folder=$1 name=$2 verb=$3
kept=$folder/$name

fail() {
  echo "$1"
  exit 1
}

# macOS parses a URL and returns it decoded.
set_file() {
  local key=$1
  [ "$name" != osxkeychain ] || printf -v key '%b' "${1//%/\\x}"
  file=$kept/${key//\//!}
}

store() {
  local input
  IFS= read -r input || [ -n "$input" ]
  [[ $input =~ ^\{\"ServerURL\":\"([^\"]*)\",(\"Username\":\"[^\"]*\",\"Secret\":\"(.*)\"\})$ ]] || fail 'no credential'
  local LC_ALL=C entry=${BASH_REMATCH[2]} secret=${BASH_REMATCH[3]}
  if [ "$name" = wincred ] && [ ${#secret} -gt 2560 ]; then fail 'The stub received bad data.'; fi
  set_file "${BASH_REMATCH[1]}"
  # Renames the file, so that an entry is never partially written.
  printf '%s' "$entry" >"$kept/.$$"
  mv "$kept/.$$" "$file"
}

list() {
  local comma='' entry
  printf '{'
  for file in "$kept"/*; do
    [ -e "$file" ] || continue
    entry=$(<"$file")
    [[ $entry =~ ^\"Username\":(\"[^\"]*\") ]]
    file=${file##*/}
    printf '%s"%s":%s' "$comma" "${file//!//}" "${BASH_REMATCH[1]}"
    comma=,
  done
  echo '}'
}

[ -d "$kept" ] || mkdir -p "$kept"
echo "$verb" >>"$folder/calls"
# Kills its caller at the nth call, which a timeout cannot hit exactly.
if [ -e "$folder/kill" ] && [ "$(wc -l <"$folder/calls")" -eq "$(<"$folder/kill")" ]; then kill -KILL $PPID; fi
case $verb in
  store) store ;;
  list) list ;;
  *)
    read -r url || [ -n "$url" ]
    set_file "$url"
    [ -e "$file" ] || fail 'credentials not found in native keychain'
    if [ "$verb" = erase ]; then rm "$file"; else printf '{"ServerURL":"%s",%s\n' "$url" "$(<"$file")"; fi
    ;;
esac
