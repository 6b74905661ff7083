/**
 * Which tests a lane runs is seen from tags in the titles of suites and tests (`describe('a job @fast', …)`):
 * - `@fast`: neither a supervisor nor a MongoDB server nor a wait, for each save;
 * - `@slow`: takes long, or waits for a lease, a grace or a limit to end;
 * - `@full`: runs in short in each lane, and again at full length in the slow one (test/helpers/length.ts);
 * - `@posix`: about signals, modes of files, /proc or commands of sh: nothing for Windows. It marks a whole file.
 */
export type Lane = 'fast' | 'usual' | 'slow'

interface LaneRule {
  title: RegExp
  /** Of full titles, for mocha. */
  grep: string
  /** For the tests, by test/helpers/length.ts. */
  length: string
  /**
   * Files run at a time, in addition to one per processor: many tests mostly wait. The slow lane asserts times as
   * promised, which this would disturb.
   */
  more_jobs: number
}

const LANES: Record<Lane, LaneRule> = {
  fast: { title: /@fast/, grep: '^(?!.*@slow).*@fast', length: '0.1', more_jobs: 1 },
  usual: { title: /^/, grep: '^(?!.*@slow)', length: '0.1', more_jobs: 1 },
  slow: { title: /@slow|@full/, grep: '@slow|@full', length: '1', more_jobs: 0 },
}

/** Whether a lane of that name exists. */
export function isLane(name: string): name is Lane {
  return Object.hasOwn(LANES, name)
}

/** How mocha finds the tests of a lane by their titles, and how to run them. */
export function laneRule(lane: Lane): Omit<LaneRule, 'title'> {
  return LANES[lane]
}

/** Whether a test file with that text may contain tests of `lane` for this system. */
export function hasTestsOf(lane: Lane, text: string, windows: boolean): boolean {
  return LANES[lane].title.test(text) && !(windows && text.includes('@posix'))
}
