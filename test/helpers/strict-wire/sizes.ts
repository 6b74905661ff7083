import { mongo } from 'mongoose'
import { type Doc, depthOf, isDoc, listOf, type Report } from './documents.ts'

const DOCUMENT = 16 * 1024 * 1024
/** The most bytes of a command without its batch: one document, and 16 KiB more. */
const COMMAND = DOCUMENT + 16 * 1024
const MESSAGE = 48_000_000
const BATCH = 100_000
const DEPTH = 100

/** Lists of a command that are sent beside it, document by document. */
const BATCHES = ['documents', 'updates', 'deletes'] as const

/** Checks the sizes of a command against the limits. */
export function checkSizes(command: Doc, report: Report): void {
  const whole = sizeOf(command)
  if (whole > MESSAGE) report('message-size', `${whole} bytes`)
  for (const name of BATCHES) {
    const count = listOf(command[name]).length
    if (command[name] !== undefined && (count === 0 || count > BATCH)) report('message-size', `${count} ${name}`)
  }
  // No part can be larger than the whole.
  if (whole > DOCUMENT) checkParts(command, report)
  const depth = depthOf(command)
  // A write is inside a list of the command: only its own depth counts.
  const beside = BATCHES.some((name) => command[name] !== undefined) ? 2 : 0
  if (depth - beside > DEPTH) report('document-depth', `${depth - beside} levels`)
}

function checkParts(command: Doc, report: Report): void {
  const parts = BATCHES.flatMap((name) => listOf(command[name]).filter(isDoc))
  for (const part of parts) if (sizeOf(part) > COMMAND) report('document-size', `${sizeOf(part)} bytes`)
  for (const part of listOf(command.documents).filter(isDoc))
    if (sizeOf(part) > DOCUMENT) report('document-size', `${sizeOf(part)} bytes`)
  const rest = Object.fromEntries(
    Object.entries(command).filter(([name]) => !(BATCHES as readonly string[]).includes(name)),
  )
  if (sizeOf(rest) > COMMAND) report('document-size', `${sizeOf(rest)} bytes`)
}

const sizeOf = (document: Doc) => mongo.BSON.calculateObjectSize(document)
