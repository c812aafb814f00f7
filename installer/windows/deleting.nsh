; Deletes what a person said may go. A link is deleted itself; what it leads to stays, which RMDir /r would not promise.
!define IS_FOLDER 0x10
!define IS_LINK 0x400

; Deletes everything in a folder but one name, then the folder if it is empty. Takes the folder, then that name ("" for
; none) from the stack.
Function un.deleteAllBut
  Exch $0
  Exch
  Exch $4
  Push $1
  Push $2
  Push $3
  System::Call 'kernel32::GetFileAttributesW(w "\\?\$0") i.r3'
  ${If} $3 = -1
    Goto done
  ${EndIf}
  IntOp $2 $3 & ${IS_LINK}
  ${If} $2 <> 0
    System::Call 'kernel32::RemoveDirectoryW(w "\\?\$0")'
    Goto done
  ${EndIf}
  FindFirst $1 $2 "\\?\$0\*"
  ${DoUntil} $2 == ""
    ${If} $2 != "."
    ${AndIf} $2 != ".."
    ${AndIf} $2 != $4
      System::Call 'kernel32::GetFileAttributesW(w "\\?\$0\$2") i.r3'
      IntOp $3 $3 & ${IS_FOLDER}
      ${If} $3 <> 0
        Push ""
        Push "$0\$2"
        Call un.deleteAllBut
      ${Else}
        System::Call 'kernel32::SetFileAttributesW(w "\\?\$0\$2", i 0x80)'
        System::Call 'kernel32::DeleteFileW(w "\\?\$0\$2")'
      ${EndIf}
    ${EndIf}
    FindNext $1 $2
  ${Loop}
  FindClose $1
  System::Call 'kernel32::RemoveDirectoryW(w "\\?\$0")'
done:
  Pop $3
  Pop $2
  Pop $1
  Pop $4
  Pop $0
FunctionEnd
