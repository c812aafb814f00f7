#!/bin/sh
# Signs programs for Windows, on Linux: `sign.sh FILE.exe…`.
# Wants WINDOWS_CERTIFICATE (a .pfx in base64), WINDOWS_CERTIFICATE_PASSWORD, and WINDOWS_TIMESTAMP, the address of a
# server that says when; without a certificate it says so and does nothing.
set -eu
if [ -z "${WINDOWS_CERTIFICATE:-}" ]; then
  echo "Not signed: no certificate is known here. Windows will ask before it runs this."
  exit 0
fi
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
umask 077
printf '%s' "$WINDOWS_CERTIFICATE" | base64 --decode > "$folder/who.pfx"
printf '%s' "${WINDOWS_CERTIFICATE_PASSWORD:?}" > "$folder/word"
for file in "$@"; do
  osslsigncode sign -pkcs12 "$folder/who.pfx" -readpass "$folder/word" -h sha256 -n "Mistral Desk" \
    ${WINDOWS_TIMESTAMP:+-ts "$WINDOWS_TIMESTAMP"} -in "$file" -out "$folder/signed.exe"
  cat "$folder/signed.exe" > "$file"
  rm "$folder/signed.exe"
done
