; Asks an open window to close, and waits until nothing of the program runs any more: Windows changes no file in use.
!macro Closing un
; Whether a program of the folder $R9 runs, in $R0.
Function ${un}inUse
  StrCpy $R0 0
  ${If} ${FileExists} "$R9\${PROGRAM}"
    ClearErrors
    FileOpen $R1 "$R9\${PROGRAM}" a
    ${If} ${Errors}
      StrCpy $R0 1
      Return
    ${EndIf}
    FileClose $R1
  ${EndIf}
  ${If} ${FileExists} "$R9\${CLI}"
    ClearErrors
    FileOpen $R1 "$R9\${CLI}" a
    ${If} ${Errors}
      StrCpy $R0 1
      Return
    ${EndIf}
    FileClose $R1
  ${EndIf}
FunctionEnd

; Returns when the folder $R9 is free; otherwise it ends the installer, and nothing was changed.
Function ${un}makeFree
  Call ${un}inUse
  ${If} $R0 == 0
    Return
  ${EndIf}
  MessageBox MB_OKCANCEL|MB_ICONINFORMATION "${NAME} is open. It will be closed now; an answer that is being written is kept as far \
as it is." /SD IDOK IDOK again
  SetErrorLevel ${STILL_OPEN}
  Quit
again:
  DetailPrint "Asking ${NAME} to close"
  nsExec::Exec /TIMEOUT=40000 '"$R9\${PROGRAM}" --close'
  Pop $R1
  StrCpy $R2 0
  ${Do}
    Call ${un}inUse
    ${If} $R0 == 0
      Return
    ${EndIf}
    Sleep 250
    IntOp $R2 $R2 + 1
  ${LoopUntil} $R2 > 40
  MessageBox MB_RETRYCANCEL|MB_ICONEXCLAMATION "${NAME} is still in use, perhaps on the command line. Close it, then try again." \
    /SD IDCANCEL IDRETRY again
  SetErrorLevel ${STILL_OPEN}
  Quit
FunctionEnd
!macroend
