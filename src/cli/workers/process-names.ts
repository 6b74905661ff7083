import { safe } from '../terminal/text.ts'

/** A process as far as its name goes. */
export interface Named {
  kind: string
  id: string
  pid: number
  host: string
  host_id: string
}

/** So much of a host's id as tells it apart from others of the same name. */
const SHOWN = 8

/** How to call the hosts of `rows`: by name, and with the beginning of the id where a name is that of several. */
export function hostNames(
  rows: readonly Pick<Named, 'host' | 'host_id'>[],
): (row: Pick<Named, 'host' | 'host_id'>) => string {
  const ids = Map.groupBy(rows, ({ host }) => host)
  return ({ host, host_id }) => {
    const one = new Set(ids.get(host)?.map((row) => row.host_id)).size <= 1
    return safe(one ? host : `${host} (${host_id.slice(0, SHOWN)})`)
  }
}

/** How to call processes in a sentence: kind, id, pid and host. */
export function processNames(rows: readonly Named[]): (row: Named) => string {
  const hostName = hostNames(rows)
  return (row) => `${row.kind} ${safe(row.id)} (pid ${row.pid} on ${hostName(row)})`
}
