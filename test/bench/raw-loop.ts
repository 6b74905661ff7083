import { spawn } from 'node:child_process'

// The comparison for a drain: the same commands in a bare loop over spawn, two in flight, with output through pipes and
// nothing recorded. Prints the milliseconds of the loop alone.

let left = Number(process.argv[2])
const started = performance.now()

await Promise.all([slot(), slot()])
console.log(performance.now() - started)

async function slot(): Promise<void> {
  while (left-- > 0) await run('true')
}

function run(command: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('/bin/sh', ['-c', '--', command], { stdio: ['ignore', 'pipe', 'pipe'] })
    child.stdout.resume()
    child.stderr.resume()
    child.on('error', reject)
    child.on('close', () => resolve())
  })
}
