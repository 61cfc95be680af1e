# Downloads install.sh of release @VERSION@ to $folder, and runs nothing that differs from that release.
fetched=$folder/install.sh
# The build for musl needs libstdc++, which Alpine's images do not contain.
if command -v apk >/dev/null && ! apk info -e libstdc++ >/dev/null; then apk add -q --no-cache libstdc++; fi
if command -v curl >/dev/null; then
  curl -q -fsSL -o "$fetched" "${base_url:=@BASE_URL@}/v@VERSION@/install.sh"
else
  wget -q -O "$fetched" "${base_url:=@BASE_URL@}/v@VERSION@/install.sh"
fi
sha256=sha256sum
command -v sha256sum >/dev/null || sha256='shasum -a 256'
# shellcheck disable=SC2086
echo "@INSTALLER_SHA256@  $fetched" | $sha256 -c - >/dev/null || exit 1
