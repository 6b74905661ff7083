# Installs queuectl for Windows: downloads the archive, verifies its checksum, installs the program in a folder and adds
# that to the user's PATH.
#
#   install.ps1 [-Dir FOLDER] [-Version X.Y.Z]
#
# The default of -Dir is %LOCALAPPDATA%\Programs\queuectl. QUEUECTL_BASE_URL names another place to download from, laid
# out like the releases on GitHub. Works in Windows PowerShell 5.1 and in PowerShell 7.
param([string] $Dir, [string] $Version)

$ErrorActionPreference = 'Stop'
# The progress bar makes downloads of Windows PowerShell many times slower.
$ProgressPreference = 'SilentlyContinue'
[Net.ServicePointManager]::SecurityProtocol = [Net.ServicePointManager]::SecurityProtocol -bor [Net.SecurityProtocolType]::Tls12

function Install-Queuectl {
  $base = if ($env:QUEUECTL_BASE_URL) { $env:QUEUECTL_BASE_URL } else { '@BASE_URL@' }
  if ($base.StartsWith('@')) { throw 'this copy of the script has no download address: set QUEUECTL_BASE_URL' }
  if (-not $Dir) { $Dir = Join-Path $env:LOCALAPPDATA 'Programs\queuectl' }
  # The full path, for the PATH.
  $Dir = $ExecutionContext.SessionState.Path.GetUnresolvedProviderPathFromPSPath($Dir)
  # Windows on ARM runs x64 programs.
  $archive = 'queuectl-win-x64.zip'
  $from = if ($Version) { "$base/download/v$($Version.TrimStart('v'))" } else { "$base/latest/download" }
  $work = Join-Path ([IO.Path]::GetTempPath()) ([Guid]::NewGuid())
  New-Item -ItemType Directory $work | Out-Null
  try {
    Write-Host "downloading $from/$archive"
    Invoke-WebRequest -UseBasicParsing "$from/SHA256SUMS" -OutFile "$work\SHA256SUMS"
    Invoke-WebRequest -UseBasicParsing "$from/$archive" -OutFile "$work\$archive"
    $line = Get-Content "$work\SHA256SUMS" | Where-Object { ($_ -split '\s+')[1] -eq $archive }
    if (-not $line) { throw "SHA256SUMS does not name $archive" }
    $actual = (Get-FileHash -Algorithm SHA256 "$work\$archive").Hash
    if ($actual -ne ($line -split '\s+')[0]) { throw "the checksum of $archive is wrong; nothing was installed" }

    Expand-Archive "$work\$archive" "$work\unpacked"
    $found = & "$work\unpacked\queuectl.exe" --version
    if ($LASTEXITCODE -ne 0) { throw 'the program does not run on this machine' }
    New-Item -ItemType Directory -Force $Dir | Out-Null
    $program = Join-Path $Dir 'queuectl.exe'
    # A running program can be renamed, but not replaced.
    Get-ChildItem $Dir -Filter 'queuectl.*.old' | Remove-Item -ErrorAction SilentlyContinue
    if (Test-Path $program) { Move-Item $program (Join-Path $Dir "queuectl.$([Guid]::NewGuid()).old") }
    Move-Item "$work\unpacked\queuectl.exe" $program
    Write-Host "installed queuectl $found in $Dir"
  } finally {
    Remove-Item -Recurse -Force $work
  }
  Add-ToPath $Dir
  Write-Host 'try: queuectl enqueue -- "echo hello"    and in another terminal: queuectl worker start'
}

function Add-ToPath([string] $folder) {
  # Read the registry value as written: reading the variable by its name would replace %USERPROFILE% and the like.
  $key = [Microsoft.Win32.Registry]::CurrentUser.CreateSubKey('Environment')
  $path = $key.GetValue('Path', '', [Microsoft.Win32.RegistryValueOptions]::DoNotExpandEnvironmentNames)
  $folders = $path -split ';' | ForEach-Object { [Environment]::ExpandEnvironmentVariables($_) }
  if ($folders -contains $folder) { return }
  $key.SetValue('Path', (@($path, $folder) -ne '' -join ';'), [Microsoft.Win32.RegistryValueKind]::ExpandString)
  # Setting any variable by name makes running programs, above all the desktop, read the PATH again.
  $marker = "QUEUECTL_$([Guid]::NewGuid().ToString('N'))"
  [Environment]::SetEnvironmentVariable($marker, 'x', 'User')
  # $null would become an empty text, which newer versions set.
  [Environment]::SetEnvironmentVariable($marker, [NullString]::Value, 'User')
  $env:Path = "$env:Path;$folder"
  Write-Host 'added that folder to your PATH; open a new terminal to use it'
}

Install-Queuectl
