#!/usr/bin/env node
// enqueue-csv.mjs FILE.csv COMMAND: a job for each row. The columns are variables of the job, so no value is ever read by a shell.
//   node enqueue-csv.mjs people.csv './greet.sh "$name" "$email"'
// The id of a job comes from its row: run it again after a failure, and no row is enqueued twice.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

const [file, command] = process.argv.slice(2)
if (!command) {
  console.error('usage: enqueue-csv.mjs FILE.csv COMMAND')
  process.exit(2)
}
const [titles, ...rows] = parse(readFileSync(file, 'utf8'))
const jobs = rows.map((row) => ({
  id: `row-${createHash('sha256')
    .update(JSON.stringify([command, row]))
    .digest('hex')
    .slice(0, 16)}`,
  command,
  env: Object.fromEntries(titles.map((title, i) => [title.trim(), row[i] ?? ''])),
}))
const input = jobs.map((job) => `${JSON.stringify(job)}\n`).join('')
const { status } = spawnSync('queuectl', ['enqueue', '-'], { input, stdio: ['pipe', 'inherit', 'inherit'] })
process.exit(status ?? 1)

/** Rows of cells; quoted cells may hold commas, newlines and doubled quotes (RFC 4180). */
function parse(text) {
  const rows = [[]]
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^,"\r\n]*))(,|\r?\n|$)/g)) {
    rows.at(-1).push(quoted?.replaceAll('""', '"') ?? plain)
    if (end !== ',') rows.push([])
  }
  return rows.filter((row) => row.length > 0 && row.join('') !== '')
}
