import type { OutputTail } from '../../src/domain/history.ts'
import type { AnyProcess, Beat, Control, Sample, SupervisorRow, WorkerRow } from '../../src/domain/processes.ts'
import type { JobStore } from '../../src/store/port.ts'
import { type Expected, Now } from './now.ts'

type BeatParams = Parameters<JobStore['beat']>[0]
type Row = Expected<AnyProcess>

/** Processes, their samples, requests and settings: what a store must hold besides jobs. */
export class RegistryModel {
  readonly processes = new Map<string, Row>()
  readonly controls: Expected<Control>[] = []
  readonly config = new Map<string, unknown>()
  readonly outputs = new Map<string, OutputTail>()
  /** By time and supervisor: two within a millisecond count as one. */
  readonly samples = new Map<string, Sample>()

  /** `owners`: the workers that hold jobs; these stay on record. */
  beat({ supervisor, workers }: Pick<BeatParams, 'supervisor' | 'workers'>, owners: ReadonlySet<unknown>): void {
    for (const row of [supervisor, ...workers]) this.#sign(row)
    const named = new Set(workers.map(({ id }) => id))
    for (const row of this.processes.values()) {
      if (row.kind !== 'worker' || row.supervisor_id !== supervisor.id) continue
      if (!named.has(row.id) && !owners.has(row.id)) this.processes.delete(row.id)
    }
  }

  /** A worker's own renewal counts as its heartbeat. */
  renewed(worker_id: string): void {
    const row = this.processes.get(worker_id)
    if (row) Object.assign(row, { beats: Number(row.beats) + 1, beat_at: new Now() })
  }

  deregister(ids: readonly string[]): void {
    for (const id of ids) this.processes.delete(id)
  }

  ask(control: Pick<Control, 'id' | 'supervisor_id' | 'kind' | 'args'>): void {
    if (this.controls.some(({ id }) => id === control.id)) return
    this.controls.push({ ...control, state: 'asked', result: null, created_at: new Now() })
  }

  /** In the order of the requests. */
  take(supervisor_id: string): Expected<Control>[] {
    const taken = this.controls.filter(
      (control) => control.supervisor_id === supervisor_id && control.state === 'asked',
    )
    for (const control of taken) control.state = 'taken'
    return taken
  }

  answer(id: string, result: Control['result']): void {
    const control = this.controls.find((one) => one.id === id)
    if (control) Object.assign(control, { state: 'done', result })
  }

  /** A stored output only grows; `on_record`: the run is on record. */
  keep(output: OutputTail, on_record: boolean): OutputTail | null {
    const before = this.outputs.get(output.token)
    if (!on_record || (before && before.bytes > output.bytes)) return before ?? null
    const kept = { ...output, ended: output.ended || before?.ended === true }
    this.outputs.set(output.token, kept)
    return kept
  }

  #sign(beat: Beat<SupervisorRow> | Beat<WorkerRow>): void {
    const known = this.processes.get(beat.id)
    const beats = Number(known?.beats ?? 0) + 1
    this.processes.set(beat.id, {
      ...beat,
      started_at: known?.started_at ?? new Now(),
      beat_at: new Now(),
      beats,
    } as Row)
  }
}
