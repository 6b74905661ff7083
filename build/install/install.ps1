# Installs queuectl for Windows: takes the archive, checks its sum, puts the program into a folder and that on the user's PATH.
#
#   install.ps1 [-Dir FOLDER] [-Version X.Y.Z]
#
# Without -Dir it goes to %LOCALAPPDATA%\Programs\queuectl. QUEUECTL_BASE_URL names another place to take it from, laid out as GitHub's
# releases are. Works in Windows PowerShell 5.1 and in PowerShell 7.
param([string] $Dir, [string] $Version)

$ErrorActionPreference = 'Stop'
# The progress bar makes downloads of Windows PowerShell many times slower.
$ProgressPreference = 'SilentlyContinue'
[Net.ServicePointManager]::SecurityProtocol = [Net.ServicePointManager]::SecurityProtocol -bor [Net.SecurityProtocolType]::Tls12

function Install-Queuectl {
  $base = if ($env:QUEUECTL_BASE_URL) { $env:QUEUECTL_BASE_URL } else { '@BASE_URL@' }
  if ($base.StartsWith('@')) { throw 'QUEUECTL_BASE_URL says where to take it from; this copy of the script does not know' }
  if (-not $Dir) { $Dir = Join-Path $env:LOCALAPPDATA 'Programs\queuectl' }
  # Whole, for the PATH.
  $Dir = $ExecutionContext.SessionState.Path.GetUnresolvedProviderPathFromPSPath($Dir)
  # Windows on ARM runs programs for x64.
  $archive = 'queuectl-win-x64.zip'
  $from = if ($Version) { "$base/download/v$($Version.TrimStart('v'))" } else { "$base/latest/download" }
  $work = Join-Path ([IO.Path]::GetTempPath()) ([Guid]::NewGuid())
  New-Item -ItemType Directory $work | Out-Null
  try {
    Write-Host "takes $from/$archive"
    Invoke-WebRequest -UseBasicParsing "$from/SHA256SUMS" -OutFile "$work\SHA256SUMS"
    Invoke-WebRequest -UseBasicParsing "$from/$archive" -OutFile "$work\$archive"
    $line = Get-Content "$work\SHA256SUMS" | Where-Object { ($_ -split '\s+')[1] -eq $archive }
    if (-not $line) { throw "SHA256SUMS does not name $archive" }
    $actual = (Get-FileHash -Algorithm SHA256 "$work\$archive").Hash
    if ($actual -ne ($line -split '\s+')[0]) { throw "the sum of $archive is not the published one; nothing was installed" }

    Expand-Archive "$work\$archive" "$work\unpacked"
    $found = & "$work\unpacked\queuectl.exe" --version
    if ($LASTEXITCODE -ne 0) { throw 'the program does not run on this machine' }
    New-Item -ItemType Directory -Force $Dir | Out-Null
    $program = Join-Path $Dir 'queuectl.exe'
    # A program that runs can be renamed, but not replaced.
    Get-ChildItem $Dir -Filter 'queuectl.*.old' | Remove-Item -ErrorAction SilentlyContinue
    if (Test-Path $program) { Move-Item $program (Join-Path $Dir "queuectl.$([Guid]::NewGuid()).old") }
    Move-Item "$work\unpacked\queuectl.exe" $program
    Write-Host "queuectl $found is in $Dir"
  } finally {
    Remove-Item -Recurse -Force $work
  }
  Add-ToPath $Dir
  Write-Host 'try: queuectl enqueue -- "echo hello"    and in another terminal: queuectl worker start'
}

function Add-ToPath([string] $folder) {
  # In the registry, as it is written there: by its name it would be read with %USERPROFILE% and the like replaced, and written so.
  $key = [Microsoft.Win32.Registry]::CurrentUser.CreateSubKey('Environment')
  $path = $key.GetValue('Path', '', [Microsoft.Win32.RegistryValueOptions]::DoNotExpandEnvironmentNames)
  $folders = $path -split ';' | ForEach-Object { [Environment]::ExpandEnvironmentVariables($_) }
  if ($folders -contains $folder) { return }
  $key.SetValue('Path', (@($path, $folder) -ne '' -join ';'), [Microsoft.Win32.RegistryValueKind]::ExpandString)
  # Tells what runs, the desktop above all, to read it anew, which setting any variable by its name does.
  $marker = "QUEUECTL_$([Guid]::NewGuid().ToString('N'))"
  [Environment]::SetEnvironmentVariable($marker, 'x', 'User')
  # $null would arrive as an empty text, which newer ones set.
  [Environment]::SetEnvironmentVariable($marker, [NullString]::Value, 'User')
  $env:Path = "$env:Path;$folder"
  Write-Host 'that folder is on your PATH now; terminals that are open already do not know it yet'
}

Install-Queuectl
