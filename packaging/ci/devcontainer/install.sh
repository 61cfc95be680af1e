#!/bin/sh
# Dev container feature: installs docker-credential-icr @VERSION@ for all users of the container.
set -eu
base_url=${BASEURL:-}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
@FETCH@
sh "$fetched" --prefix=/usr/local --base-url="$base_url"
