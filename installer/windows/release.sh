#!/bin/sh
# From the bundle that was made on Windows to the installer that people get: `release.sh MADE DIST`. MADE holds the bundle,
# its icon and the list of what is in it; everything is signed where a certificate is known (sign.sh).
set -eu
made="${1:?which folder?}"
dist="${2:?into which folder?}"
here="$(cd "$(dirname "$0")" && pwd)"
root="$(cd "$here/../.." && pwd)"
version="$(cd "$root" && python3 -m tools.package.version)"
bundle="$made/bundle/mistral-desk"
mkdir -p "$dist"
sh "$here/sign.sh" "$bundle/mistral-desk.exe" "$bundle/mistral-desk-cli.exe"
PYTHONPATH="$root" python3 -m tools.package.windows "$(realpath "$bundle")" "$(realpath "$made/icon.ico")" "$version" \
  "$(realpath "$dist")" --sign "sh $here/sign.sh"
sh "$here/sign.sh" "$dist/mistral-desk-$version-windows-x86_64-setup.exe"
cp "$made/contents.cdx.json" "$dist/mistral-desk-$version-windows-x86_64.cdx.json"
