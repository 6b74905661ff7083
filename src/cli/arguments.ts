import { invalid } from '../domain/errors.ts'
import { isQueueName, NAME_RULE } from '../domain/ids.ts'
import { FINAL_STATES, JOB_STATES, JOB_VIEWS, type JobState, type JobView } from '../domain/job.ts'
import { MOST_WORKERS } from '../domain/processes.ts'
import type { JobSort } from '../store/port.ts'
import { suggestion } from './terminal/suggest.ts'

const SORTS = ['newest', 'oldest', 'due', 'order', 'finished'] as const satisfies readonly JobSort[]
const STATES_AND_VIEWS = [...JOB_STATES, ...JOB_VIEWS]

/** The state or view that `--state` names; `failed` is another word for retrying. Throws `invalid`. */
export function stateOrView(text: string): JobState | JobView {
  return text === 'failed' ? 'retrying' : oneOf(text, STATES_AND_VIEWS, 'state')
}

/** The final states in a list with commas. Throws `invalid` for others. */
export function finalStates(text: string): (typeof FINAL_STATES)[number][] {
  return text.split(',').map((state) => oneOf(state.trim(), FINAL_STATES, 'final state'))
}

/** A way to sort jobs. Throws `invalid`. */
export function sortName(text: string): JobSort {
  return oneOf(text, SORTS, 'order')
}

/** A queue's name, checked; undefined stays. Throws `invalid`. */
export function queueName<Text extends string | undefined>(text: Text): Text {
  if (text !== undefined && !isQueueName(text)) {
    throw invalid(`"${text}" cannot be a queue`, `a queue’s name is ${NAME_RULE}`)
  }
  return text
}

/** The queues named in `texts`, lists with commas. Throws `invalid`. */
export function queueNames(texts: readonly string[]): string[] {
  const names = texts.flatMap((text) => text.split(',')).map((name) => queueName(name.trim()))
  return [...new Set(names)]
}

/** How many workers a supervisor is to have, at least `least`. Throws `invalid` naming `what`. */
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
    throw invalid(`"${text}" is no ${what}`, suggestion(text, words) ?? `one of ${words.join(', ')}`)
  }
  return found
}
