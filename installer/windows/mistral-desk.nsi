; The installer for Windows: for the person who runs it, without an administrator. tools/package/windows.py calls it with
;   PAYLOAD  the bundle   FILES  the lists made of it   OUT  the file to write   ICON  its icon
;   VERSION  as people read it   NUMBERS  as Windows compares it, a.b.c.d   SIZE  in KiB   LONGEST  path in the bundle
; Words on its command line: installer/README.md.
Target amd64-unicode
SetCompressor /SOLID lzma
SetCompressorDictSize 64
RequestExecutionLevel user
ManifestDPIAware true
ManifestSupportedOS Win10
CRCCheck force
AllowSkipFiles off

!define NAME "Mistral Desk"
!define PUBLISHER "The Mistral Desk authors"
!define PROGRAM "mistral-desk.exe"
!define CLI "mistral-desk-cli.exe"
!define OWN "Software\MistralDesk"
!define ENTRY "Software\Microsoft\Windows\CurrentVersion\Uninstall\MistralDesk"
!define KIND "MistralDesk.gguf"
!define CLASSES "Software\Classes"
!define APP_PATH "Software\Microsoft\Windows\CurrentVersion\App Paths\${PROGRAM}"
; What a script that runs this silently sees, beside NSIS's own 0 (done), 1 (cancelled) and 2 (a file could not be written).
!define STILL_OPEN 3
!define NO_FOLDER 4
!define NEWER_THERE 5
!define OLD_WINDOWS 6

Name "${NAME}"
OutFile "${OUT}"
InstallDir "$LOCALAPPDATA\Programs\${NAME}"
InstallDirRegKey HKCU "${OWN}" "Folder"
BrandingText "${NAME} ${VERSION}"
VIProductVersion "${NUMBERS}"
VIFileVersion "${NUMBERS}"
VIAddVersionKey "ProductName" "${NAME}"
VIAddVersionKey "ProductVersion" "${VERSION}"
VIAddVersionKey "FileVersion" "${VERSION}"
VIAddVersionKey "FileDescription" "${NAME}"
VIAddVersionKey "CompanyName" "${PUBLISHER}"
VIAddVersionKey "LegalCopyright" "${PUBLISHER}, Apache-2.0"
!ifdef SIGN
  !uninstfinalize '${SIGN} "%1"' = 0
!endif

!include "MUI2.nsh"
!include "LogicLib.nsh"
!include "FileFunc.nsh"
!include "WordFunc.nsh"
!include "WinVer.nsh"
!include "${FILES}"
!include "closing.nsh"
!include "deleting.nsh"

!define MUI_ICON "${ICON}"
!define MUI_UNICON "${ICON}"
!define MUI_ABORTWARNING
!define MUI_DIRECTORYPAGE_TEXT_TOP "${NAME} ${VERSION} is installed for you alone; no administrator is needed. Chats and models \
are kept elsewhere, so an update does not touch them."
!define MUI_PAGE_CUSTOMFUNCTION_LEAVE leaveFolder
!insertmacro MUI_PAGE_DIRECTORY
!insertmacro MUI_PAGE_INSTFILES
!define MUI_FINISHPAGE_RUN "$INSTDIR\${PROGRAM}"
!define MUI_FINISHPAGE_RUN_TEXT "Open ${NAME}"
!define MUI_FINISHPAGE_TITLE "${NAME} is installed"
!define MUI_FINISHPAGE_TEXT "It stands in the start menu. Files that end in .gguf can be opened with it; what opens them now stays."
!insertmacro MUI_PAGE_FINISH
UninstPage custom un.askWhatStays un.noteWhatStays
!insertmacro MUI_UNPAGE_INSTFILES
!insertmacro MUI_LANGUAGE "English"

Var Before ; the folder of the version that is there already

!insertmacro Closing ""
!insertmacro Closing "un."

Function .onInit
  SetShellVarContext current
  ${IfNot} ${AtLeastWin10}
    MessageBox MB_OK|MB_ICONSTOP "${NAME} needs Windows 10 or newer." /SD IDOK
    SetErrorLevel ${OLD_WINDOWS}
    Quit
  ${EndIf}
  Call plainFolder
  ReadRegStr $Before HKCU "${OWN}" "Folder"
  ReadRegStr $0 HKCU "${OWN}" "Numbers"
  ${If} $0 != ""
    ${VersionCompare} "${NUMBERS}" "$0" $1
    ${If} $1 == 2
      ${GetParameters} $2
      ClearErrors
      ${GetOptions} "$2" "/OLDER" $3
      ${If} ${Errors}
        ReadRegStr $0 HKCU "${ENTRY}" "DisplayVersion"
        MessageBox MB_YESNO|MB_ICONEXCLAMATION|MB_DEFBUTTON2 "${NAME} $0 is installed, which is newer than ${VERSION}. An older version \
may be unable to open your chats.$\n$\nInstall ${VERSION} all the same?" /SD IDNO IDYES +3
          SetErrorLevel ${NEWER_THERE}
          Quit
      ${EndIf}
    ${EndIf}
  ${EndIf}
  ${If} ${Silent}
    Call refuseFolder
    ${If} $R0 != ""
      SetErrorLevel ${NO_FOLDER}
      Quit
    ${EndIf}
  ${EndIf}
FunctionEnd

; $INSTDIR without a separator at its end, which a folder that comes from the registry or from a person may have.
Function plainFolder
  StrCpy $0 $INSTDIR 1 -1
  ${If} $0 == "\"
    StrCpy $INSTDIR $INSTDIR -1
  ${EndIf}
FunctionEnd

; Why nothing can be installed into $INSTDIR, in $R0; "" where it can. Somebody else's files are not mixed with ours.
Function refuseFolder
  StrCpy $R0 ""
  StrLen $R1 $INSTDIR
  IntOp $R1 $R1 + ${LONGEST}
  ${If} $R1 > 258
    StrCpy $R0 "The name of this folder is too long: some files in it could not be opened. Choose a shorter one."
    Return
  ${EndIf}
  ${If} ${FileExists} "$INSTDIR\*.*"
  ${AndIf} "$INSTDIR" != "$Before"
  ${AndIfNot} ${FileExists} "$INSTDIR\Uninstall.exe"
    ${DirState} "$INSTDIR" $R1
    ${If} $R1 == 1
      StrCpy $R0 "Other files lie in this folder. Choose an empty one, or a new one."
    ${EndIf}
  ${EndIf}
FunctionEnd

Function leaveFolder
  Call plainFolder
  Call refuseFolder
  ${If} $R0 != ""
    MessageBox MB_OK|MB_ICONINFORMATION "$R0"
    Abort
  ${EndIf}
FunctionEnd

Section
  SetShellVarContext current
  ; What is there already closes and goes, each file that it brought; registry and start menu are only written anew.
  ${If} $Before != ""
  ${AndIf} ${FileExists} "$Before\Uninstall.exe"
    StrCpy $R9 "$Before"
    Call makeFree
    DetailPrint "Removing the files of the version before"
    InitPluginsDir
    CopyFiles /SILENT "$Before\Uninstall.exe" "$PLUGINSDIR\Before.exe"
    ExecWait '"$PLUGINSDIR\Before.exe" /S /UPDATE _?=$Before' $0
    ${If} $0 == ${STILL_OPEN}
      SetErrorLevel ${STILL_OPEN}
      Quit
    ${EndIf}
    Delete "$Before\Uninstall.exe"
    RMDir "$Before"
  ${EndIf}

  !insertmacro PutFiles
  SetOutPath "$INSTDIR"
  WriteUninstaller "$INSTDIR\Uninstall.exe"
  CreateShortcut "$SMPROGRAMS\${NAME}.lnk" "$INSTDIR\${PROGRAM}" "" "$INSTDIR\${PROGRAM}" 0 SW_SHOWNORMAL "" \
    "Talk to open models on this computer, offline"

  WriteRegStr HKCU "${OWN}" "Folder" "$INSTDIR"
  WriteRegStr HKCU "${OWN}" "Numbers" "${NUMBERS}"
  WriteRegStr HKCU "${ENTRY}" "DisplayName" "${NAME}"
  WriteRegStr HKCU "${ENTRY}" "DisplayVersion" "${VERSION}"
  WriteRegStr HKCU "${ENTRY}" "Publisher" "${PUBLISHER}"
  WriteRegStr HKCU "${ENTRY}" "DisplayIcon" "$INSTDIR\${PROGRAM},0"
  WriteRegStr HKCU "${ENTRY}" "InstallLocation" "$INSTDIR"
  WriteRegStr HKCU "${ENTRY}" "UninstallString" '"$INSTDIR\Uninstall.exe"'
  WriteRegStr HKCU "${ENTRY}" "QuietUninstallString" '"$INSTDIR\Uninstall.exe" /S'
  WriteRegDWORD HKCU "${ENTRY}" "EstimatedSize" ${SIZE}
  WriteRegDWORD HKCU "${ENTRY}" "NoModify" 1
  WriteRegDWORD HKCU "${ENTRY}" "NoRepair" 1
  WriteRegStr HKCU "${APP_PATH}" "" "$INSTDIR\${PROGRAM}"

  ; Offered for .gguf beside whatever opens it now: the extension's own default is never written.
  WriteRegStr HKCU "${CLASSES}\${KIND}" "" "Language model"
  WriteRegStr HKCU "${CLASSES}\${KIND}" "FriendlyTypeName" "Language model"
  WriteRegStr HKCU "${CLASSES}\${KIND}\DefaultIcon" "" "$INSTDIR\${PROGRAM},0"
  WriteRegStr HKCU "${CLASSES}\${KIND}\Application" "ApplicationName" "${NAME}"
  WriteRegStr HKCU "${CLASSES}\${KIND}\shell\open\command" "" '"$INSTDIR\${PROGRAM}" "%1"'
  WriteRegStr HKCU "${CLASSES}\.gguf\OpenWithProgids" "${KIND}" ""
  WriteRegStr HKCU "${CLASSES}\Applications\${PROGRAM}" "FriendlyAppName" "${NAME}"
  WriteRegStr HKCU "${CLASSES}\Applications\${PROGRAM}\shell\open\command" "" '"$INSTDIR\${PROGRAM}" "%1"'
  WriteRegStr HKCU "${CLASSES}\Applications\${PROGRAM}\SupportedTypes" ".gguf" ""
  WriteRegStr HKCU "${OWN}\Capabilities" "ApplicationName" "${NAME}"
  WriteRegStr HKCU "${OWN}\Capabilities" "ApplicationDescription" "Talk to open models on this computer, offline"
  WriteRegStr HKCU "${OWN}\Capabilities\FileAssociations" ".gguf" "${KIND}"
  WriteRegStr HKCU "Software\RegisteredApplications" "${NAME}" "${OWN}\Capabilities"
  System::Call 'shell32::SHChangeNotify(i 0x08000000, i 0, p 0, p 0)'
SectionEnd

; --- the other way -------------------------------------------------------------------------------------------------

Var Data ; where the person's things are, as core/paths.py has it; "" where MISTRAL_DESK_HOME keeps them elsewhere
Var ChatsGo
Var ModelsGo
Var Update
Var ChatsBox
Var ModelsBox

Function un.onInit
  SetShellVarContext current
  StrCpy $Data "$LOCALAPPDATA\mistral-desk"
  ReadEnvStr $0 MISTRAL_DESK_HOME
  ${If} $0 != ""
    StrCpy $Data ""
  ${EndIf}
  ${GetParameters} $0
  ClearErrors
  ${GetOptions} "$0" "/UPDATE" $1
  ${IfNot} ${Errors}
    StrCpy $Update 1
  ${EndIf}
  ClearErrors
  ${GetOptions} "$0" "/DELETE=" $1
  ${IfNot} ${Errors}
    ${If} $1 == "chats"
    ${OrIf} $1 == "all"
      StrCpy $ChatsGo 1
    ${EndIf}
    ${If} $1 == "models"
    ${OrIf} $1 == "all"
      StrCpy $ModelsGo 1
    ${EndIf}
  ${EndIf}
FunctionEnd

Function un.askWhatStays
  !insertmacro MUI_HEADER_TEXT "Remove ${NAME}" "Your chats and models stay, unless you say otherwise."
  nsDialogs::Create 1018
  Pop $0
  ${If} $Data == ""
    ${NSD_CreateLabel} 0 0 100% 40u "The program is removed. Your chats, settings and models are in the folder that MISTRAL_DESK_HOME \
names, and stay there."
    Pop $0
  ${Else}
    ${NSD_CreateLabel} 0 0 100% 34u "The program is removed. What you tick here is deleted for good with it:$\n$\n$Data"
    Pop $0
    ${NSD_CreateCheckBox} 0 42u 100% 12u "&Delete my chats, settings and logs"
    Pop $ChatsBox
    ${NSD_SetState} $ChatsBox $ChatsGo
    StrCpy $1 "Delete the models that I have down&loaded"
    ${If} ${FileExists} "$Data\models\*.*"
      ${GetSize} "$Data\models" "/S=0M" $2 $3 $4
      StrCpy $1 "$1 ($2 MB)"
    ${EndIf}
    ${NSD_CreateCheckBox} 0 60u 100% 12u "$1"
    Pop $ModelsBox
    ${NSD_SetState} $ModelsBox $ModelsGo
    ${NSD_CreateLabel} 0 80u 100% 24u "Models in other folders, and those of other programs, are never deleted."
    Pop $0
  ${EndIf}
  nsDialogs::Show
FunctionEnd

Function un.noteWhatStays
  ${If} $Data != ""
    ${NSD_GetState} $ChatsBox $ChatsGo
    ${NSD_GetState} $ModelsBox $ModelsGo
  ${EndIf}
FunctionEnd

Section Uninstall
  StrCpy $R9 "$INSTDIR"
  Call un.makeFree
  !insertmacro TakeFiles
  ${If} $Update == 1
    Return
  ${EndIf}
  Delete "$SMPROGRAMS\${NAME}.lnk"
  DeleteRegKey HKCU "${ENTRY}"
  DeleteRegKey HKCU "${APP_PATH}"
  DeleteRegKey HKCU "${OWN}"
  DeleteRegKey HKCU "${CLASSES}\${KIND}"
  DeleteRegKey HKCU "${CLASSES}\Applications\${PROGRAM}"
  DeleteRegValue HKCU "${CLASSES}\.gguf\OpenWithProgids" "${KIND}"
  DeleteRegKey /ifempty HKCU "${CLASSES}\.gguf\OpenWithProgids"
  DeleteRegKey /ifempty HKCU "${CLASSES}\.gguf"
  DeleteRegValue HKCU "Software\RegisteredApplications" "${NAME}"
  DeleteRegKey /ifempty HKCU "Software\RegisteredApplications"
  DeleteRegKey /ifempty HKCU "${CLASSES}\Applications"
  DeleteRegKey /ifempty HKCU "Software\Microsoft\Windows\CurrentVersion\App Paths"
  DeleteRegKey /ifempty HKCU "Software\Microsoft\Windows\CurrentVersion\Uninstall"
  System::Call 'shell32::SHChangeNotify(i 0x08000000, i 0, p 0, p 0)'
  ${If} $Data != ""
    ${If} $ChatsGo == 1
      Push "models"
      Push "$Data"
      Call un.deleteAllBut
    ${EndIf}
    ${If} $ModelsGo == 1
      Push ""
      Push "$Data\models"
      Call un.deleteAllBut
    ${EndIf}
    RMDir "$Data"
  ${EndIf}
  Delete "$INSTDIR\Uninstall.exe"
  SetOutPath "$TEMP"
  RMDir "$INSTDIR"
SectionEnd
