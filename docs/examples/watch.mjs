#!/usr/bin/env node
// watch.mjs [SECONDS] [DEAD]: a check for monitors (Nagios, Icinga, a health probe): one line, and its exit code.
// 2 when a job has been ready for over SECONDS (300), when jobs wait and no worker runs, or when over DEAD (0) jobs are dead; else 0.
// 3 when the queue cannot be read.
import { spawnSync } from 'node:child_process'

const [seconds = 300, most = 0] = process.argv.slice(2).map(Number)
const { status, stdout, stderr } = spawnSync('queuectl', ['status', '--json'], { encoding: 'utf8' })
if (status !== 0) {
  console.log(`UNKNOWN: ${(stderr || 'queuectl is not on the PATH').trim()}`)
  process.exit(3)
}

const { jobs, workers, oldest_ready_age: age } = JSON.parse(stdout)
const troubles = [
  age !== null && age > seconds && `a job has been ready for ${Math.round(age)} s`,
  jobs.ready > 0 && workers.total === 0 && `${jobs.ready} ready and no worker`,
  jobs.dead > most && `${jobs.dead} dead`,
].filter(Boolean)
console.log(
  troubles.length > 0
    ? `CRITICAL: ${troubles.join(', ')}`
    : `OK: ${jobs.ready} ready, ${jobs.processing} running, ${workers.total} workers`,
)
process.exit(troubles.length > 0 ? 2 : 0)
