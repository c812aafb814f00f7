# Installs a release on a Windows that does not have it, tries it, and removes it: `try.ps1 SETUP.exe`.
param([Parameter(Mandatory)] [string] $Setup)
$ErrorActionPreference = "Stop"
$folder = Join-Path $env:LOCALAPPDATA "Programs\Mistral Desk"
if (Test-Path $folder) { throw "Mistral Desk is installed here already; this is for a computer that does not have it." }

function Invoke-Quietly([string] $Program, [string[]] $Words) {
    $done = Start-Process -FilePath $Program -ArgumentList $Words -Wait -PassThru
    if ($done.ExitCode -ne 0) { throw "$Program ended with status $($done.ExitCode)" }
}

Invoke-Quietly $Setup @("/S")
$entry = Get-ItemProperty "HKCU:\Software\Microsoft\Windows\CurrentVersion\Uninstall\MistralDesk"
Write-Output "Installed: $($entry.DisplayName) $($entry.DisplayVersion), $($entry.EstimatedSize) KB"
$kinds = (Get-Item "HKCU:\Software\Classes\.gguf\OpenWithProgids").Property
if ($kinds -notcontains "MistralDesk.gguf") { throw ".gguf does not know the program" }

& (Join-Path $folder "mistral-desk-cli.exe") --self-test
if ($LASTEXITCODE -ne 0) { throw "The self-test of the installed program failed" }

# What a person keeps, and a link out of it: neither goes, whatever the removal is told to delete.
$data = Join-Path $env:LOCALAPPDATA "mistral-desk"
$outside = Join-Path $env:TEMP "models elsewhere"
New-Item -ItemType Directory -Force -Path (Join-Path $data "models"), $outside | Out-Null
Set-Content (Join-Path $data "history.sqlite3") "chats"
Set-Content (Join-Path $outside "model.gguf") "weights"
New-Item -ItemType Junction -Path (Join-Path $data "models\linked") -Target $outside | Out-Null

Invoke-Quietly $Setup @("/S")
if (-not (Test-Path (Join-Path $data "history.sqlite3"))) { throw "An update took the chats" }
Invoke-Quietly (Join-Path $folder "Uninstall.exe") @("/S", "/DELETE=models", "_?=$folder")
if (Test-Path (Join-Path $folder "mistral-desk.exe")) { throw "The removal left the program" }
if (Test-Path "HKCU:\Software\Microsoft\Windows\CurrentVersion\Uninstall\MistralDesk") { throw "The removal left its entry" }
if (-not (Test-Path (Join-Path $data "history.sqlite3"))) { throw "The removal took the chats" }
if (Test-Path (Join-Path $data "models")) { throw "The removal left the models" }
if (-not (Test-Path (Join-Path $outside "model.gguf"))) { throw "The removal followed a link" }
Write-Output "Installed, tried, updated and removed: all is well."
