; A program that does nothing but run until it is asked to close: what dev.py package --windows-check installs under wine.
; As the real ones: the window hears --close, what runs on the command line does not, and ends when it is done.
Target amd64-unicode
RequestExecutionLevel user
SilentInstall silent
Name "stand-in"
OutFile "${OUT}"
!include "LogicLib.nsh"
!include "FileFunc.nsh"

Section
  ; A line to run as it stands: NSIS's own words /D= and _?= may not be quoted, and wine quotes what has spaces.
  ReadEnvStr $4 STANDIN_LINE
  ${If} $4 != ""
    System::Call 'kernel32::SetEnvironmentVariableW(w "STANDIN_LINE", p 0)'
    ExecWait '$4' $5
    SetErrorLevel $5
    Quit
  ${EndIf}
  ${GetParameters} $0
  ${If} $0 == "--close"
    FileOpen $1 "$TEMP\standin-close" w
    FileClose $1
    Quit
  ${EndIf}
  Delete "$TEMP\standin-close"
  FileOpen $1 "$TEMP\standin-open" w
  FileClose $1
  ${Do}
    Sleep 100
    StrCpy $3 "$TEMP\standin-done"
    ${If} $EXEFILE == "mistral-desk.exe"
      StrCpy $3 "$TEMP\standin-close"
    ${EndIf}
  ${LoopUntil} ${FileExists} "$3"
  Delete "$TEMP\standin-open"
SectionEnd
