#!/bin/sh
# Has Apple look through a disk image, and staples its answer to it: `notarize.sh FILE.dmg`.
# Wants NOTARY_APPLE_ID, NOTARY_TEAM and NOTARY_PASSWORD; without them it says so and does nothing.
set -eu
file="${1:?which disk image?}"
if [ -z "${NOTARY_APPLE_ID:-}" ]; then
  echo "Not notarized: no account is known here. macOS will ask before it opens the app."
  exit 0
fi
xcrun notarytool submit "$file" --apple-id "$NOTARY_APPLE_ID" --team-id "${NOTARY_TEAM:?}" \
  --password "${NOTARY_PASSWORD:?}" --wait --timeout 45m
xcrun stapler staple "$file"
xcrun stapler validate "$file"
