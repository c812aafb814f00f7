#!/bin/sh
# Puts the certificate of a release into a keychain that lives as long as the job, and says who signs.
# Wants MAC_CERTIFICATE (a .p12 in base64) and MAC_CERTIFICATE_PASSWORD; without them it says so and does nothing.
set -eu
if [ -z "${MAC_CERTIFICATE:-}" ]; then
  echo "No certificate is known here: the app will be signed by nobody."
  exit 0
fi
keychain="${RUNNER_TEMP:?}/release.keychain-db"
password="$(openssl rand -hex 24)"
file="$RUNNER_TEMP/certificate.p12"
umask 077
printf '%s' "$MAC_CERTIFICATE" | base64 --decode > "$file"
security create-keychain -p "$password" "$keychain"
security set-keychain-settings -lut 7200 "$keychain"
security unlock-keychain -p "$password" "$keychain"
security import "$file" -k "$keychain" -P "${MAC_CERTIFICATE_PASSWORD:?}" -T /usr/bin/codesign
rm -f "$file"
security set-key-partition-list -S apple-tool:,apple: -s -k "$password" "$keychain" > /dev/null
security list-keychains -d user -s "$keychain" login.keychain-db
identity="$(security find-identity -v -p codesigning "$keychain" | sed -n 's/.*"\(Developer ID Application: .*\)".*/\1/p' | head -n 1)"
[ -n "$identity" ] || { echo "The certificate is no Developer ID Application." >&2; exit 1; }
echo "MISTRAL_DESK_MAC_IDENTITY=$identity" >> "${GITHUB_ENV:?}"
