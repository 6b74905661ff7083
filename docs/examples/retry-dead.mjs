#!/usr/bin/env node
// retry-dead.mjs CAUSE [QUEUE]: runs again all dead jobs whose reason has CAUSE in it, once you have repaired that cause.
//   node retry-dead.mjs 'exit code 75'
//   node retry-dead.mjs timeout mail
import { execFileSync } from 'node:child_process'

const PAGE = 1000
const [cause, queue] = process.argv.slice(2)
if (!cause) {
  console.error('usage: retry-dead.mjs CAUSE [QUEUE]')
  process.exit(2)
}

const queuectl = (...args) => execFileSync('queuectl', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
const found = []
let after = []
for (;;) {
  const options = ['--limit', String(PAGE), ...after, ...(queue ? ['--queue', queue] : [])]
  const page = JSON.parse(queuectl('dlq', 'list', '--json', ...options))
  found.push(...page.filter(({ reason }) => reason?.includes(cause)).map(({ id }) => id))
  if (page.length < PAGE) break
  after = ['--after', page.at(-1).id]
}

// No command line may be longer than the system allows.
for (let i = 0; i < found.length; i += PAGE) queuectl('dlq', 'retry', ...found.slice(i, i + PAGE))
console.log(`${found.length} retried`)
