import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { connect, createServer } from 'node:net'
import path from 'node:path'
import mongoose from 'mongoose'
import { randomWord } from '../../src/domain/ids.ts'
import { installSecantus } from './secantus.ts'
import { tempFolder } from './temp.ts'
import { waitFor } from './wait-for.ts'

const PORTS = { from: 20_000, to: 30_000 }

export interface MongoServer {
  host: string
  /** URL of a database with that name, or with a generated one. */
  url(database?: string): string
  /** It sorts in memory, so that data sets must stay small. */
  slow: boolean
  /** Whether it is a replica set, which change streams require. */
  replica_set: boolean
  /** Null: a server that was not started by the tests. */
  pid: number | null
  /** Stops it, by SIGKILL if `hard`, and waits for its end. Its data stays. */
  stop(hard?: boolean): Promise<void>
}

/** A unique name for a database. */
export const madeUpName = () => `queuectl_test_${randomWord(8)}`

interface ServerOptions {
  port?: number
  folder?: string
  standalone?: boolean
  auth?: boolean
  tls?: { ca: string; certificate: string; key: string }
  /** Where it listens, and the command that starts it there. */
  place?: { address: string; through: readonly string[] }
}

/**
 * Starts a separate server: `port` and `folder` of an earlier one bring that one back. It is a replica set of one
 * member, which change streams require, unless `standalone`. With `auth` it requires the login of a user that was
 * created before; with `tls` (files in PEM format; `certificate` contains the key too) it requires a certificate of
 * that authority from each client.
 */
export async function startServer(options: ServerOptions = {}): Promise<MongoServer> {
  const port = options.port ?? (await freePort())
  const folder = options.folder ?? tempFolder()
  const mongod = spawnSync('mongod', ['--version']).status === 0
  const { address, through } = options.place ?? { address: '127.0.0.1', through: [] }
  const words = (mongod ? mongodCommand : secantusCommand)(address, port, folder, options.standalone ?? false)
  const [command = '', ...args] = [
    ...through,
    ...words,
    ...(options.auth ? ['--auth'] : []),
    ...tlsFlags(mongod, options.tls),
  ]
  const child = spawn(command, args, { stdio: 'ignore' })
  const kill = () => child.kill('SIGKILL')
  // Before its folder is removed.
  process.prependOnceListener('exit', kill)
  await waitFor(() => answers(child, address, port), { within: 30_000, what: `${words[0]} answers` })
  const host = `${address}:${port}`
  if (mongod && !options.standalone) await initiate(host)
  return {
    host,
    url: (database = madeUpName()) => `mongodb://${host}/${database}`,
    slow: !mongod,
    replica_set: !options.standalone,
    pid: child.pid ?? null,
    async stop(hard = false) {
      process.off('exit', kill)
      await end(child, hard)
    },
  }
}

function mongodCommand(address: string, port: number, folder: string, standalone: boolean): string[] {
  const listen = ['--port', String(port), '--dbpath', folder, '--bind_ip', address]
  const topology = standalone ? [] : ['--replSet', 'test']
  return ['mongod', ...listen, '--setParameter', 'enableTestCommands=1', ...topology]
}

function secantusCommand(address: string, port: number, folder: string, standalone: boolean): string[] {
  const listen = ['--host', address, '--port', String(port), '--storage-path', path.join(folder, 'data')]
  const topology = standalone ? ['--standalone'] : []
  return [installSecantus(), ...listen, '--enable-test-commands', ...topology]
}

function tlsFlags(mongod: boolean, tls: ServerOptions['tls']): string[] {
  if (!tls) return []
  if (mongod) return ['--tlsMode', 'requireTLS', '--tlsCertificateKeyFile', tls.certificate, '--tlsCAFile', tls.ca]
  const files = ['--tls-cert-file', tls.certificate, '--tls-key-file', tls.key, '--tls-ca-file', tls.ca]
  return [...files, '--tls-require-client-cert']
}

async function answers(child: ChildProcess, address: string, port: number): Promise<boolean> {
  if (child.exitCode !== null) throw new Error(`the server exited with ${child.exitCode}`)
  return new Promise((resolve) => {
    const socket = connect(port, address)
    const done = (open: boolean) => {
      socket.destroy()
      resolve(open)
    }
    socket.on('connect', () => done(true)).on('error', () => done(false))
  })
}

/** Makes it a replica set of one member: change streams and fail points require it. */
async function initiate(host: string): Promise<void> {
  const connection = await mongoose.createConnection(`mongodb://${host}/?directConnection=true`).asPromise()
  const admin = connection.getClient().db('admin')
  await admin.command({ replSetInitiate: {} }).catch(() => {})
  await waitFor(async () => (await admin.command({ hello: 1 })).isWritablePrimary, {
    within: 20_000,
    what: 'a primary',
  })
  await connection.close()
}

async function end(child: ChildProcess, hard: boolean): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill(hard ? 'SIGKILL' : 'SIGTERM')
  const late = setTimeout(() => child.kill('SIGKILL'), 5_000)
  await ended
  clearTimeout(late)
}

/**
 * A port on which nothing listens. Below the range that systems give to connections: otherwise a connection could take
 * the port while its server is away, even the connection of a client that tries to reach this port.
 */
async function freePort(): Promise<number> {
  for (;;) {
    const port = PORTS.from + Math.floor(Math.random() * (PORTS.to - PORTS.from))
    const probe = createServer()
    const free = await new Promise((resolve, reject) => {
      const refused = (error: NodeJS.ErrnoException) => (error.code === 'EADDRINUSE' ? resolve(false) : reject(error))
      probe.on('error', refused).listen(port, '127.0.0.1', () => resolve(true))
    })
    await new Promise((resolve) => probe.close(resolve))
    if (free) return port
  }
}
