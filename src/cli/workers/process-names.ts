import { safe } from '../terminal/text.ts'

/** The parts of a process's name. */
export interface Named {
  kind: string
  id: string
  pid: number
  host: string
  host_id: string
}

/** Characters of a host's id shown to distinguish hosts of one name. */
const SHOWN = 8

/** Returns how to print the hosts of `rows`: by name, with the beginning of the id if several hosts have that name. */
export function hostNames(
  rows: readonly Pick<Named, 'host' | 'host_id'>[],
): (row: Pick<Named, 'host' | 'host_id'>) => string {
  const ids = Map.groupBy(rows, ({ host }) => host)
  return ({ host, host_id }) => {
    const unique = new Set(ids.get(host)?.map((row) => row.host_id)).size <= 1
    return safe(unique ? host : `${host} (${host_id.slice(0, SHOWN)})`)
  }
}

/** Returns how to print processes in a sentence: kind, id, pid and host. */
export function processNames(rows: readonly Named[]): (row: Named) => string {
  const hostName = hostNames(rows)
  return (row) => `${row.kind} ${safe(row.id)} (pid ${row.pid} on ${hostName(row)})`
}
