import path from 'node:path'
import type { Shell } from '../domain/job.ts'
import { createPlatform } from './create-platform.ts'
import { homeFolder } from './home.ts'
import { sendSignal } from './kill.ts'
import type { JobCommand, Platform } from './platform.ts'
import type { ProcessEntry, ProcessTable } from './process-table.ts'
import { secondSince } from './ps.ts'
import { runProgram, runProgramSync, withSystemPrograms } from './run-program.ts'
import { cmdQuote, powershellQuote } from './shell-quote.ts'
import { type ShellCall, startShell } from './start.ts'
import { type ProcessLister, processLister } from './windows-processes.ts'

/** cmd.exe passes single quotes on to the program; PowerShell before 7.3 drops double quotes inside of an argument. */
const JSON_HINT = [
  'in cmd "{\\"command\\":\\"echo hi\\"}"',
  `in PowerShell '{"command":"echo hi"}', before version 7.3 '{\\"command\\":\\"echo hi\\"}'`,
  'everywhere: queuectl enqueue -- "echo hi"',
].join('; ')

/** In characters: cmd.exe limits a line to 8,191, the system a variable to 32,767. */
const LONGEST: Readonly<Record<Shell, number>> = { default: 8_000, cmd: 8_000, powershell: 32_000 }

/**
 * Runs a command as PowerShell and exits with the result of its last statement: the exit code of a program, else 0 or
 * 1. It avoids characters that are special to cmd.exe, which receives this text.
 */
const RUN_SCRIPT = [
  'try { [Console]::OutputEncoding = $OutputEncoding = [Text.UTF8Encoding]::new($false) } catch {}',
  "$end = [string][char]10 + 'if (-not $?) { if ($LASTEXITCODE) { exit $LASTEXITCODE } exit 1 }'",
  'Invoke-Expression ($env:QUEUECTL_COMMAND + $end)',
].join('; ')

const POWERSHELL = 'WindowsPowerShell\\v1.0\\powershell.exe'

const LIST_SCRIPT = [
  'Get-CimInstance Win32_Process FILTER | ForEach-Object {',
  "'{0} {1} {2}' -f $_.ProcessId, $_.ParentProcessId, ([DateTimeOffset]$_.CreationDate).ToUnixTimeSeconds() }",
].join(' ')

/**
 * Windows: no signals and no process groups. A tree consists of the descendants of its shell, found by parent and
 * creation time (the parent's pid stays recorded after its death). taskkill ends it; processes that taskkill missed are
 * ended one by one.
 */
export function windows(): Platform {
  const table = windowsTable(runProgram, runProgramSync, processLister())
  return createPlatform({
    table,
    has_signals: false,
    // A hidden console per worker. Its jobs use it too, so none of them opens a window, Ctrl-C in the supervisor's
    // console reaches none, and its code page is theirs alone. With an inherited stream Windows would not hide it.
    fork_options: { windowsHide: true, stdio: ['ignore', 'ignore', 'pipe', 'ipc'] },
    killDescent,
    unrunnable,
    commandLine: (words, shell) => (shell === 'powershell' ? powershellQuote(words) : cmdQuote(words)),
    json_hint: JSON_HINT,
    start: (job) => startShell(shellCall(job), job, table),

    dataFolder() {
      if (process.env.QUEUECTL_HOME) return path.resolve(process.env.QUEUECTL_HOME)
      return path.join(process.env.LOCALAPPDATA || path.join(homeFolder(), 'AppData', 'Local'), 'queuectl')
    },

    untrustedFileSystem: (file) => (/^[\\/]{2}[^\\/?.]/.test(path.resolve(file)) ? 'network' : null),
  })
}

/** The length limit of a command depends on the shell. */
function unrunnable({ command, shell }: { command: string; shell: Shell }): string | null {
  const limit = LONGEST[shell]
  return command.length <= limit
    ? null
    : `a command for ${shell === 'powershell' ? 'PowerShell' : 'cmd.exe'} has at most ${limit} characters, this one has ${command.length}`
}

/** tree-kill runs taskkill.exe through cmd.exe. */
async function killDescent(pid: number): Promise<void> {
  const { default: treeKill } = await import('tree-kill')
  await new Promise<void>((resolve) => withSystemPrograms(() => treeKill(pid, 'SIGKILL', () => resolve())))
}

/**
 * How a shell receives a command. No sweep finds the processes of a run here, so the command waits for a go until its
 * pid is recorded (R5): an outer cmd.exe reads a line, and exits if there is none because the worker has died. The
 * command itself is passed in a variable: with delayed expansion, which is not parsed again, only the inner cmd.exe
 * interprets it, and PowerShell takes it unchanged.
 */
export function shellCall({ command, shell, env }: Pick<JobCommand, 'command' | 'shell' | 'env'>): ShellCall {
  const cmd = system('cmd.exe')
  const inner =
    shell === 'powershell'
      ? `"${system(POWERSHELL)}" -NoLogo -NoProfile -NonInteractive -InputFormat None -OutputFormat Text -Command "${RUN_SCRIPT}"`
      : `"${cmd}" /d /v:off /s /c "!QUEUECTL_COMMAND!"`
  const gate = `set /p QUEUECTL_GO=&& ("${system('chcp.com')}" 65001 >nul 2>&1 & ${inner})`
  return {
    file: cmd,
    args: ['/d', '/v:on', '/s', '/c', `"${gate}"`],
    env: { ...env, QUEUECTL_COMMAND: command },
    gated: true,
    // Not detached: without a console each program of a job would open its own window.
    options: { detached: false, windowsHide: true, windowsVerbatimArguments: true },
  }
}

/**
 * Processes as the kernel lists them, else as Win32_Process shows them, which costs half a second for a PowerShell
 * (wmic no longer exists in Windows 11).
 */
export function windowsTable(
  run = runProgram,
  runSync = runProgramSync,
  list: ProcessLister = () => null,
): ProcessTable {
  const entry = (pid: number) => {
    const entries = list() ?? parse(runSync(...powershell(`-Filter 'ProcessId=${pid}'`)))
    return entries?.find((one) => one.pid === pid) ?? null
  }
  return {
    by_parent: true,
    entry,
    entries: async () => list() ?? parse(await run(...powershell(''))),
    startOf: (pid, asked_at) => secondSince(asked_at) ?? entry(pid)?.start ?? null,
    lives: ({ pid }) => sendSignal(pid, 0) !== 'gone',
    holders: async () => ({ holding: new Set(), unreadable: new Set() }),
    owner: () => -1,
    // Creation times are wall-clock times: those of an earlier boot never match.
    boot: () => '',
  }
}

function parse(output: string | null): ProcessEntry[] | null {
  if (output === null) return null
  return output.split(/\r?\n/).flatMap((row) => {
    const [, pid, parent, start] = /^(\d+) (\d+) (-?\d+)\s*$/.exec(row) ?? []
    if (start === undefined) return []
    return { pid: Number(pid), parent: Number(parent), group: 0, session: 0, start, alive: true, state: '' }
  })
}

function powershell(filter: string): [string, string[]] {
  const script = LIST_SCRIPT.replace('FILTER', filter)
  return [system(POWERSHELL), ['-NoProfile', '-NonInteractive', '-Command', script]]
}

/** System programs by their full path: a planted cmd.exe in a job's folder is not run. */
function system(program: string): string {
  return path.win32.join(process.env.SystemRoot || 'C:\\Windows', 'System32', program)
}
