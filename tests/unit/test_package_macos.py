"""What the app for macOS says of itself, and in which order it is signed."""

from __future__ import annotations

import plistlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tools.package import icons, macos

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "installer" / "macos"


def test_the_app_offers_itself_for_gguf_and_takes_nobody_s_place() -> None:
    said = plistlib.loads(plistlib.dumps(macos.information("0.1.0rc1")))
    assert said["CFBundleShortVersionString"] == "0.1.0"
    assert said["CFBundleVersion"] == "0.1.0.301"
    [kind] = said["CFBundleDocumentTypes"]
    [declared] = said["UTImportedTypeDeclarations"]
    assert kind["LSHandlerRank"] == "Alternate"
    assert kind["LSItemContentTypes"] == [declared["UTTypeIdentifier"]]
    assert declared["UTTypeTagSpecification"]["public.filename-extension"] == ["gguf"]
    assert said["NSHighResolutionCapable"] is True


def test_the_name_of_the_app_claims_no_domain() -> None:
    assert re.fullmatch(r"local\.[a-z-]+", macos.IDENTIFIER)


def test_the_hardened_runtime_is_asked_for_one_thing_only() -> None:
    said = plistlib.loads(macos.entitlements(ROOT).read_bytes())
    assert said == {"com.apple.security.cs.allow-unsigned-executable-memory": True}


def test_an_app_is_signed_from_the_inside_out_and_only_what_is_code(tmp_path: Path) -> None:
    app = tmp_path / macos.APP
    for name in (
        "Contents/MacOS/mistral-desk",
        "Contents/Frameworks/llama_cpp/lib/libllama.dylib",
        "Contents/Frameworks/Qt",
    ):
        (app / name).parent.mkdir(parents=True, exist_ok=True)
        (app / name).write_bytes(bytes.fromhex("cffaedfe") + b"code")
    (app / "Contents" / "Resources").mkdir()
    (app / "Contents" / "Resources" / "words.txt").write_bytes(b"not code")
    (app / "Contents" / "Resources" / "empty").write_bytes(b"")
    assert [path.name for path in macos.code(app)] == ["libllama.dylib", "Qt", "mistral-desk"]


def test_without_an_identity_nobody_signs_and_no_runtime_is_hardened() -> None:
    rights = macos.entitlements(ROOT)
    assert macos.signing("", rights)[-1] == "-"
    assert "runtime" not in macos.signing("", rights)
    hardened = macos.signing("Developer ID Application: Somebody", rights)
    assert hardened[-1] == "Developer ID Application: Somebody"
    assert {"runtime", "--timestamp", str(rights)} <= set(hardened)


@pytest.mark.skipif(sys.platform == "win32", reason="a script for sh")
@pytest.mark.parametrize("name", ["keychain.sh", "notarize.sh"])
def test_without_secrets_the_scripts_of_a_release_say_so_and_do_nothing(name: str, tmp_path: Path) -> None:
    done = subprocess.run(
        ["sh", str(FOLDER / name), str(tmp_path / "image.dmg")],
        check=False,
        capture_output=True,
        encoding="utf-8",
        env={"PATH": "/usr/bin:/bin"},
    )
    assert done.returncode == 0, done.stderr
    assert "is known here" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_the_image_s_window_shows_the_app_and_where_it_goes() -> None:
    names: dict[str, object] = {"defines": {"app": f"/x/{macos.APP}", "icon": "/x/icon.icns"}}
    exec((FOLDER / "image.py").read_text(encoding="utf-8"), names)  # noqa: S102 - as dmgbuild does
    assert names["files"] == [f"/x/{macos.APP}"]
    assert set(names["icon_locations"]) == {macos.APP, *names["symlinks"]}  # type: ignore[call-overload,misc]


def test_the_icon_has_the_sizes_that_both_systems_show() -> None:
    assert {16, 20, 24, 32, 40, 48, 64, 128, 256, 512} <= set(icons.SIZES)
