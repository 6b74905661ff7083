import { spawnSync } from 'node:child_process'
import { randomWord } from '../../src/domain/ids.ts'

/** A host with a separate address on this machine: a network namespace, and a cable from it to a switch. */
export interface NetworkHost {
  address: string
  /** The prefix that runs a command there. */
  through: readonly string[]
  cut(): void
  mend(): void
}

/** Hosts on this machine that reach each other, and are reached from here, only through their cables. */
export interface Network {
  host(name: string): NetworkHost
  close(): void
}

/** Opens a network of network namespaces; null if that is not possible: it needs Linux, root and iproute2. */
export function openNetwork(): Network | null {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return null
  // Names of interfaces have at most 15 characters.
  const id = `q${randomWord(5)}`
  const subnet = `10.213.${Math.floor(Math.random() * 256)}`
  const hub = `${id}h`
  if (!tries('netns', 'add', hub)) return null
  const spaces = [hub]
  let last = 1

  /** A cable from the switch into `space`, or to here. */
  const connect = (name: string, space: string | null): { address: string; plug: string } => {
    const [plug, socket, address] = [`${id}${name}p`, `${id}${name}s`, `${subnet}.${++last}`]
    ip('link', 'add', plug, 'netns', hub, 'type', 'veth', 'peer', 'name', socket, ...(space ? ['netns', space] : []))
    ip('-n', hub, 'link', 'set', plug, 'master', 'switch', 'up')
    const there = space ? ['-n', space] : []
    ip(...there, 'address', 'add', `${address}/24`, 'dev', socket)
    for (const device of space ? [socket, 'lo'] : [socket]) ip(...there, 'link', 'set', device, 'up')
    return { address, plug }
  }

  ip('-n', hub, 'link', 'add', 'switch', 'type', 'bridge')
  ip('-n', hub, 'link', 'set', 'switch', 'up')
  connect('x', null)
  return {
    host(name) {
      const space = `${id}${name}`
      ip('netns', 'add', space)
      spaces.push(space)
      const { address, plug } = connect(name, space)
      return {
        address,
        through: ['ip', 'netns', 'exec', space],
        cut: () => ip('-n', hub, 'link', 'set', plug, 'down'),
        mend: () => ip('-n', hub, 'link', 'set', plug, 'up'),
      }
    },
    close() {
      // The cables are removed with them.
      for (const space of spaces) tries('netns', 'delete', space)
    },
  }
}

function ip(...args: string[]): void {
  const { status, stderr, error } = spawnSync('ip', args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`ip ${args.join(' ')}: ${error?.message ?? stderr}`)
}

function tries(...args: string[]): boolean {
  return spawnSync('ip', args).status === 0
}
