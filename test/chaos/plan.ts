import { fileURLToPath } from 'node:url'
import type { KillPoint } from '../../src/platform/kill-point.ts'
import { KINDS, type KindName, kindOf } from './kinds.ts'
import { Random } from './random.ts'

const JOB = fileURLToPath(new URL('job.sh', import.meta.url))
const STEP_SECONDS = 0.1
/** Kill points that every run reaches without luck. */
const POINTS: readonly KillPoint[] = ['claimed', 'started', 'ended', 'noted', 'settled', 'fenced', 'recovered']
const FREEZES_SECONDS = [
  [0.2, 3],
  [4, 13],
  [17, 26],
] as const
/** The share of supervisor kills that include its workers. */
const HOUSEHOLDS = 0.4

export interface PlannedJob {
  id: string
  kind: KindName
  /** The fields to enqueue. */
  fields: Record<string, unknown>
}

/**
 * `household`: a supervisor with all its workers. Without a kill: `stop`, a supervisor gets SIGTERM as from an init;
 * `freeze`, a supervisor or worker is stopped for a while.
 */
export type KillKind = 'supervisor' | 'household' | 'worker' | 'shell' | 'point' | 'server' | 'stop' | 'freeze'

export interface PlannedKill {
  /** The number of starts in the ledger after which it is due. */
  after: number
  kind: KillKind
  point?: KillPoint
  /** From 0 to 1; chooses the victim, or how long a server stays away. */
  chance: number
  /** How long a freeze takes. */
  seconds?: number
}

export interface Plan {
  jobs: PlannedJob[]
  kills: PlannedKill[]
}

export interface PlanParams {
  seed: number
  jobs: number
  kills: number
  /** Further deaths, at points inside the program. */
  points: number
  /** Deaths of the MongoDB server. */
  servers: number
  /** Stops of a supervisor. */
  stops: number
  /** Freezes of a supervisor or worker. */
  freezes: number
  /** The folder of the run. */
  folder: string
}

/** The plan of a chaos run for a seed: its jobs, and which process is killed when. */
export function planOf({ seed, jobs, kills, points, servers, stops, freezes, folder }: PlanParams): Plan {
  const random = new Random(seed)
  const kinds = random.shuffled(kindsFor(jobs))
  const planned = kinds.map((kind, i) => plannedJob(`c${String(i + 1).padStart(5, '0')}`, kind, folder, random))
  const third = (i: number): KillKind => (['worker', 'shell', 'supervisor'] as const)[i % 3] ?? 'worker'
  const thirds = Array.from({ length: kills }, (_, i) => third(i)).map((kind) =>
    kind === 'supervisor' && random.next() < HOUSEHOLDS ? 'household' : kind,
  )
  const points_of = random.shuffled(POINTS)
  const others = [
    ...Array.from({ length: points }, (_, i) => ({ kind: 'point' as const, point: points_of[i % POINTS.length] })),
    ...Array.from({ length: servers }, () => ({ kind: 'server' as const })),
    ...Array.from({ length: stops }, () => ({ kind: 'stop' as const })),
    ...Array.from({ length: freezes }, (_, i) => ({ kind: 'freeze' as const, seconds: frozenFor(i, random) })),
  ]
  const all = random.shuffled([...thirds.map((kind) => ({ kind })), ...others])
  // Almost all jobs start at least once: kills that are due by then are sure to happen.
  const span = 0.85 * jobs
  const schedule = all.map((kill, i) => ({
    ...kill,
    after: Math.floor((span * (i + random.next())) / all.length) + 1,
    chance: random.next(),
  }))
  return { jobs: planned, kills: schedule as PlannedKill[] }
}

/** In turn: a moment, some seconds that are tolerated, and so long that a worker is given up. */
function frozenFor(i: number, random: Random): number {
  const [from, to] = FREEZES_SECONDS[i % FREEZES_SECONDS.length] ?? [0, 0]
  return random.between(from, to)
}

/** At least one job of each kind, the rest by their shares. */
function kindsFor(count: number): KindName[] {
  const names = Object.keys(KINDS) as KindName[]
  const total = names.reduce((sum, name) => sum + kindOf(name).share, 0)
  const several = names.flatMap((name) => {
    const share = Math.max(1, Math.round((kindOf(name).share / total) * count))
    return Array.from({ length: share }, () => name)
  })
  // Plain jobs compensate for too many or too few.
  const spare = several.length - count
  if (spare < 0) return [...several, ...Array.from({ length: -spare }, () => 'plain' as const)]
  let left = spare
  return several.filter((name) => name !== 'plain' || left-- <= 0)
}

function plannedJob(id: string, kind: KindName, folder: string, random: Random): PlannedJob {
  const { works, fields } = kindOf(kind)
  const seconds = works ? random.between(...works) : 0
  const whole = Math.floor(seconds / STEP_SECONDS)
  const steps = works ? [...Array(whole).fill(STEP_SECONDS), (seconds - whole * STEP_SECONDS).toFixed(3)] : []
  const command = ['exec sh', JOB, folder, kind, ...steps].join(' ')
  return { id, kind, fields: { id, command, ...fields } }
}
