#!/bin/sh
# An AppImage from the archive that `dev.py package` made: appimage.sh ARCHIVE.tar.xz RUNTIME SHA256 OUT.AppImage
#
# An AppImage is AppImage's own runtime with a squashfs behind it (https://github.com/AppImage/AppImageSpec, type 2). The
# runtime is a program of others that comes before ours, so it is taken only where its SHA-256 is the one that is given.
# Needs tar, xz, mksquashfs (squashfs-tools) and sha256sum. SOURCE_DATE_EPOCH: the time that all files get.
set -eu

[ $# -eq 4 ] || { echo "appimage.sh ARCHIVE.tar.xz RUNTIME SHA256 OUT.AppImage" >&2; exit 2; }
archive=$1 runtime=$2 sum=$3 out=$4
name=mistral-desk

printf '%s  %s\n' "$sum" "$runtime" | sha256sum --check --quiet || {
    echo "appimage.sh: $runtime is another file than the one that was asked for" >&2
    exit 1
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/AppDir/usr/lib"
tar -C "$work" -xJf "$archive"
mv "$work/$name"-*/share "$work/AppDir/usr/share"
mv "$work/$name"-* "$work/AppDir/usr/lib/$name"
ln -s "usr/lib/$name/$name" "$work/AppDir/AppRun"
cp "$work/AppDir/usr/share/applications/$name.desktop" "$work/AppDir/$name.desktop"
cp "$work/AppDir/usr/share/icons/hicolor/scalable/apps/$name.svg" "$work/AppDir/$name.svg"
ln -s "$name.svg" "$work/AppDir/.DirIcon"
[ -x "$work/AppDir/AppRun" ]

when=${SOURCE_DATE_EPOCH:-$(stat -c %Y "$work/AppDir/usr/lib/$name/$name")}
unset SOURCE_DATE_EPOCH # mksquashfs refuses it beside its own switches
mksquashfs "$work/AppDir" "$work/image" -quiet -no-progress -noappend -root-owned -comp zstd -all-time "$when" -mkfs-time "$when"
cat "$runtime" "$work/image" >"$work/made"
chmod 755 "$work/made"
mv "$work/made" "$out"
