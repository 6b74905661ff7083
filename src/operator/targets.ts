import { EXIT, notFound, QueuectlError } from '../domain/errors.ts'
import type { AnyProcess } from '../domain/processes.ts'

/** The processes that a request is for. */
export type Target = { kind: 'all' } | { kind: 'host'; host_id: string } | { kind: 'process'; row: AnyProcess }

/**
 * The target that `text` names among `rows`: a supervisor or worker by its id, or a host by its name or id. A prefix of
 * an id is accepted if `abbreviated`. Throws `not_found`, and `ambiguous_id` for several matches, such as two hosts of
 * one name.
 */
export function findTarget(rows: readonly AnyProcess[], text: string, abbreviated: boolean): Target {
  const begins = (id: string) => abbreviated && id.startsWith(text)
  const row = rows.find(({ id }) => id === text)
  if (row) return { kind: 'process', row }
  const host = onlyHost(rows, text, ({ host, identity }) => host === text || identity.host_id === text)
  if (host) return host
  const found = rows.filter(({ id }) => begins(id))
  if (found.length > 1) throw ambiguous(`"${text}" matches several IDs`, found.map(({ id }) => id).join(', '))
  if (found[0]) return { kind: 'process', row: found[0] }
  const begun = onlyHost(rows, text, ({ identity }) => begins(identity.host_id))
  if (begun) return begun
  throw notFound(`no supervisor, worker or host "${text}"`, 'queuectl worker list shows them')
}

/** Whether a request for `target` goes to `row`: a single process, or a supervisor of the target. */
export function isTarget(row: AnyProcess, target: Target): boolean {
  if (target.kind === 'process') return row.id === target.row.id
  return row.kind === 'supervisor' && (target.kind === 'all' || row.identity.host_id === target.host_id)
}

/** The error for a text with several matches; the hint lists them. */
export function ambiguous(message: string, candidates: string): QueuectlError {
  return new QueuectlError('ambiguous_id', EXIT.not_found, message, candidates)
}

function onlyHost(rows: readonly AnyProcess[], text: string, fits: (row: AnyProcess) => boolean): Target | null {
  const hosts = Map.groupBy(rows.filter(fits), ({ identity }) => identity.host_id)
  const [host_id, ...more] = hosts.keys()
  if (host_id === undefined) return null
  if (more.length === 0) return { kind: 'host', host_id }
  const candidates = [...hosts].map(([id, [first]]) => `${id} (${first?.id})`)
  throw ambiguous(`several hosts have the name "${text}"`, `use the ID of one: ${candidates.join(', ')}`)
}
