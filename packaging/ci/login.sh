# Creates $folder, a new directory of this job; installs the helper there, and logs in with $IBMCLOUD_API_KEY.
(umask 077 && mkdir "$folder") || exit 1
base_url=$ICR_BASE_URL
@FETCH@
sh "$fetched" --prefix="$folder" --base-url="$base_url" >/dev/null || exit 1
export PATH="$folder/bin:$PATH" DOCKER_CONFIG="$folder/docker"
export DOCKER_CREDENTIAL_ICR_CONFIG_DIR="$folder/config" DOCKER_CREDENTIAL_ICR_CACHE_DIR="$folder/cache"
# Hosts are separate words.
# shellcheck disable=SC2086
docker-credential-icr configure $ICR_REGISTRIES || exit 1
# printenv, because a shell that traces its commands would print the expanded variable.
# shellcheck disable=SC2086
printenv IBMCLOUD_API_KEY |
  docker-credential-icr login --store=file --present="${ICR_PRESENT:-iambearer}" --api-key-stdin $ICR_REGISTRIES || exit 1
