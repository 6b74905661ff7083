import { invalid } from '../domain/errors.ts'
import { isQueueName, NAME_RULE } from '../domain/ids.ts'
import { FINAL_STATES, JOB_STATES, JOB_VIEWS, type JobState, type JobView } from '../domain/job.ts'
import { MOST_WORKERS } from '../domain/processes.ts'
import type { JobSort } from '../store/port.ts'
import { didYouMean, suggestion } from './terminal/suggest.ts'

const SORTS = ['newest', 'oldest', 'due', 'order', 'finished'] as const satisfies readonly JobSort[]
const STATES_AND_VIEWS = [...JOB_STATES, ...JOB_VIEWS]

/** What people and other queues call our states. The hint for an unknown state names ours. */
const OTHER_WORDS: Readonly<Record<string, string>> = { running: 'processing', done: 'completed', waiting: 'pending' }

/** The state or view that `--state` names; `failed` means retrying. Throws `invalid`. */
export function stateOrView(text: string): JobState | JobView {
  return text === 'failed' ? 'retrying' : oneOf(text, STATES_AND_VIEWS, 'state')
}

/** The final states in a comma-separated list. Throws `invalid` for any other word. */
export function finalStates(text: string): (typeof FINAL_STATES)[number][] {
  return text.split(',').map((state) => oneOf(state.trim(), FINAL_STATES, 'final state'))
}

/** The sort order that `text` names. Throws `invalid`. */
export function sortName(text: string): JobSort {
  return oneOf(text, SORTS, 'order')
}

/** A checked queue name; undefined stays undefined. Throws `invalid`. */
export function queueName<Text extends string | undefined>(text: Text): Text {
  if (text !== undefined && !isQueueName(text)) {
    throw invalid(`invalid queue name "${text}"`, `a queue name is ${NAME_RULE}`)
  }
  return text
}

/** The queue names in `texts`, each a comma-separated list. Throws `invalid`. */
export function queueNames(texts: readonly string[]): string[] {
  const names = texts.flatMap((text) => text.split(',')).map((name) => queueName(name.trim()))
  return [...new Set(names)]
}

/** A number of workers for one supervisor, at least `least`. Throws `invalid` naming `what`. */
export function workerCount(text: string, what: string, least: number): number {
  return wholeNumber(text, what, least, MOST_WORKERS)
}

/** A whole number from `min` to `max`. Throws `invalid` naming `what`. */
export function wholeNumber(text: string, what: string, min: number, max: number): number {
  const number = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
  if (!(number >= min && number <= max))
    throw invalid(`${what} cannot be "${text}"`, `a whole number from ${min} to ${max}`)
  return number
}

function oneOf<Word extends string>(text: string, words: readonly Word[], what: string): Word {
  const found = words.find((word) => word === text)
  if (found === undefined) {
    throw invalid(`unknown ${what} "${text}"`, hintFor(text, words))
  }
  return found
}

function hintFor(text: string, words: readonly string[]): string {
  const ours = words.find((word) => word === OTHER_WORDS[text])
  return (ours ? didYouMean(ours) : suggestion(text, words)) ?? `one of ${words.join(', ')}`
}
