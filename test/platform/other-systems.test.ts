import { spawnSync } from 'node:child_process'
import { expect } from 'chai'
import { psTable } from '../../src/platform/ps.ts'
import { shellCall, windows, windowsTable } from '../../src/platform/windows.ts'
import { type Kernel, processLister } from '../../src/platform/windows-processes.ts'
import { endStrangers, lives, stranger } from '../helpers/processes.ts'
import { skip } from '../helpers/skip.ts'
import { waitFor } from '../helpers/wait-for.ts'

// Other systems than this one: their tables receive what those systems print.

const MAC = `    1     0     1      0 Ss   Mon Nov 24 22:10:05 2025
  501     1   501      0 S    Tue Nov 25 01:02:03 2025
  502   501   501      0 Z    Tue Nov 25 01:02:04 2025
`

describe('processes as ps shows them @fast', () => {
  const fed = (output: string | null) => psTable({ run: async () => output, runSync: () => output })

  it('are read with their group as session where macOS names none', async () => {
    expect(await fed(MAC).entries()).to.deep.equal([
      {
        pid: 1,
        parent: 0,
        group: 1,
        session: 1,
        start: String(Date.UTC(2025, 10, 24, 22, 10, 5) / 1000),
        alive: true,
        state: 'S',
      },
      {
        pid: 501,
        parent: 1,
        group: 501,
        session: 501,
        start: String(Date.UTC(2025, 10, 25, 1, 2, 3) / 1000),
        alive: true,
        state: 'S',
      },
      {
        pid: 502,
        parent: 501,
        group: 501,
        session: 501,
        start: String(Date.UTC(2025, 10, 25, 1, 2, 4) / 1000),
        alive: false,
        state: 'Z',
      },
    ])
  })

  it('cannot be listed without ps, which proves nothing and does not crash', async () => {
    expect(await fed(null).entries()).to.equal(null)
    expect(fed(null).entry(501)).to.equal(null)
    expect(fed(null).owner(501)).to.equal(null)
    expect(fed(null).boot()).to.equal('')
    expect(await fed(null).holders([501], 'X=1')).to.deep.equal({ holding: new Set(), unreadable: new Set() })
  })

  it('are found by an entry of their environment', async () => {
    const table = fed(' 501 /bin/sh -c true PATH=/bin QUEUECTL_LEASE=abc HOME=/\n 502 sleep 1 QUEUECTL_LEASE=abcd\n')
    expect((await table.holders([501, 502], 'QUEUECTL_LEASE=abc')).holding).to.deep.equal(new Set([501]))
  })

  it('equal those of this system', async function () {
    if (spawnSync('/bin/ps', ['-o', 'sess=']).error !== undefined) return skip(this, 'no /bin/ps')
    const asked_at = Date.now()
    const { pid } = stranger()
    try {
      const table = psTable()
      const start = table.startOf(pid, asked_at)
      expect(table.entry(pid)).to.include({ pid, parent: process.pid, group: pid, session: pid, alive: true })
      expect(Number(table.entry(pid)?.start)).to.be.closeTo(Number(start), 1)
      expect((await table.entries())?.map((entry) => entry.pid)).to.include(pid)
      expect(table.owner(pid)).to.equal(process.getuid?.())
    } finally {
      endStrangers()
    }
    await waitFor(() => !lives(pid), { within: 10_000, what: 'its end' })
  })
})

describe('Windows @fast', () => {
  it('passes a command unchanged to an inner cmd.exe, once its pid is recorded', () => {
    const command = 'echo "a & b" %PATH% ^ ! > out.txt'
    const call = shellCall({ command, shell: 'default', env: { PATH: 'x' } })
    expect(call.gated).to.equal(true)
    expect(call.file).to.match(/^[A-Z]:\\.*\\System32\\cmd\.exe$/i)
    expect(call.args.slice(0, 4)).to.deep.equal(['/d', '/v:on', '/s', '/c'])
    // First UTF-8 for what the command prints, then the command.
    expect(call.args[4]).to.match(
      /^"set \/p QUEUECTL_GO=&& \(".*chcp\.com" 65001 >nul 2>&1 & ".*cmd\.exe" \/d \/v:off \/s \/c "!QUEUECTL_COMMAND!"\)"$/,
    )
    expect(call.env).to.deep.equal({ PATH: 'x', QUEUECTL_COMMAND: command })
    expect(call.options).to.deep.equal({ detached: false, windowsHide: true, windowsVerbatimArguments: true })
    expect(shellCall({ command, shell: 'cmd', env: { PATH: 'x' } })).to.deep.equal(call)
  })

  it('passes a command to PowerShell on request, in the same variable', () => {
    const command = 'Write-Output "a & b" | Out-File x.txt'
    const call = shellCall({ command, shell: 'powershell', env: {} })
    expect(call)
      .to.include({ gated: true })
      .and.to.have.property('file')
      .that.matches(/\\cmd\.exe$/)
    const [, line = ''] = / & "[^"]*\\powershell\.exe" (.*)\)"$/.exec(call.args[4] ?? '') ?? []
    const [, options, script = ''] = /^([^"]*) -Command "([^"]*)"$/.exec(line) ?? []
    expect(options).to.contain('-NoProfile').and.to.contain('-NonInteractive')
    expect(script).to.contain('Invoke-Expression ($env:QUEUECTL_COMMAND').and.to.contain('exit $LASTEXITCODE')
    // Characters that are special to cmd.exe, quoted or not.
    expect(script).to.not.match(/[%!\r\n]/)
    expect(call.env).to.deep.equal({ QUEUECTL_COMMAND: command })
  })

  it('quotes words for the shell that parses them', () => {
    const line = (...words: string[]) => windows().commandLine(words, 'default')
    expect(line('convert', 'my photo.png', 'C:\\out\\a-1.jpg', '')).to.equal(
      'convert "my photo.png" C:\\out\\a-1.jpg ""',
    )
    expect(line('C:\\my programs\\a.exe', 'a & b', 'ends in\\')).to.equal(
      '"C:\\my programs\\a.exe" "a & b" "ends in\\\\"',
    )
    expect(line('x', 'say "hi"', '50%', '^')).to.equal('x ^"say \\^"hi\\^"^" ^"50^%^" ^"^^^"')
    const powershell = (...words: string[]) => windows().commandLine(words, 'powershell')
    expect(powershell('Write-Output', '-NoEnumerate', "it's", '$x', 'a,b')).to.equal(
      "Write-Output -NoEnumerate 'it''s' '$x' 'a,b'",
    )
    expect(powershell('my program.exe', '@args')).to.equal("& 'my program.exe' '@args'")
  })

  it('forks each worker with its own hidden console, which its jobs use too', () => {
    const { windowsHide, stdio } = windows().fork_options
    expect(windowsHide).to.equal(true)
    // Windows does not hide a console if a stream is inherited.
    expect(stdio).to.not.include('inherit')
    expect(shellCall({ command: 'x', shell: 'cmd', env: {} }).options).to.include({ detached: false })
  })

  it('shows how to type JSON in cmd and PowerShell', () => {
    expect(windows().json_hint).to.contain('cmd "{\\"command\\":\\"echo hi\\"}"').and.to.contain("PowerShell '{")
  })

  it('refuses a command that is too long for its shell', () => {
    const command = 'x'.repeat(8_001)
    expect(windows().unrunnable({ command, shell: 'default' })).to.contain('8000 characters')
    expect(windows().unrunnable({ command, shell: 'powershell' })).to.equal(null)
    expect(windows().unrunnable({ command: 'x', shell: 'cmd' })).to.equal(null)
  })

  it('lists processes through the kernel, and closes every handle', async () => {
    const rows = [
      { pid: 4, parent: 0, created: null },
      { pid: 812, parent: 4, created: 116_444_736_000_000_000n + 17_640_000_059_999_999n },
    ]
    const open = new Set<bigint>()
    let next = 0
    const fill = (entry: unknown) => {
      const row = rows[next++]
      if (!(entry instanceof Buffer) || entry.readUInt32LE() !== 568 || !row) return 0
      entry.writeUInt32LE(row.pid, 8)
      entry.writeUInt32LE(row.parent, 32)
      return 1
    }
    const handle = (value: bigint) => open.add(value) && value
    const kernel: Kernel = {
      CreateToolhelp32Snapshot: () => handle(1n),
      Process32FirstW: (_snapshot, entry) => fill(entry),
      Process32NextW: (_snapshot, entry) => fill(entry),
      OpenProcess: (_access, _inherit, pid) => (pid === 4 ? 0n : handle(BigInt(Number(pid)))),
      GetProcessTimes: (process, created) => {
        const row = rows.find(({ pid }) => BigInt(pid) === process)
        return created instanceof Buffer && row?.created ? created.writeBigUInt64LE(row.created) : 0
      },
      CloseHandle: (one) => (open.delete(one as bigint) ? 1 : 0),
    }
    const nobody = () => Promise.reject(new Error('PowerShell was asked'))
    const table = windowsTable(
      nobody,
      () => null,
      processLister(() => kernel),
    )
    const common = { group: 0, session: 0, alive: true, state: '' }
    expect(await table.entries()).to.deep.equal([
      { pid: 4, parent: 0, start: '0', ...common },
      { pid: 812, parent: 4, start: '1764000005', ...common },
    ])
    expect([...open]).to.deep.equal([])
    next = 0
    expect(table.entry(812)?.parent).to.equal(4)
    const without = processLister(() => {
      throw new Error('built without FFI')
    })
    expect(without()).to.equal(null)
  })

  it('identifies processes by their creation time', async () => {
    const output = '4 0 1764000000\r\n812 4 1764000005\r\nrubbish\r\n'
    const table = windowsTable(
      async () => output,
      () => null,
    )
    expect(await table.entries()).to.deep.equal([
      { pid: 4, parent: 0, group: 0, session: 0, start: '1764000000', alive: true, state: '' },
      { pid: 812, parent: 4, group: 0, session: 0, start: '1764000005', alive: true, state: '' },
    ])
    expect(table.entry(812)).to.equal(null)
  })
})
