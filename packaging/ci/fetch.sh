# Downloads install.sh of release @VERSION@ to $folder, and runs nothing that differs from that release.
fetched=$folder/install.sh
# The build for musl needs libstdc++, which Alpine's images do not contain.
if command -v apk >/dev/null && ! apk info -e libstdc++ >/dev/null; then apk add -q --no-cache libstdc++; fi
if command -v curl >/dev/null; then
  curl -q -fsSL -o "$fetched" "${base_url:=@BASE_URL@}/v@VERSION@/install.sh"
else
  wget -q -O "$fetched" "${base_url:=@BASE_URL@}/v@VERSION@/install.sh"
fi
echo "@INSTALLER_SHA256@  $fetched" | sha256sum -c - >/dev/null || exit 1
