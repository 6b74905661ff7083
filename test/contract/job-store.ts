import { changesContract } from './changes.ts'
import { claimContract } from './claim.ts'
import { countsContract } from './counts.ts'
import { historyContract } from './history.ts'
import { insertContract } from './insert.ts'
import type { Bench, Kit } from './kit.ts'
import { leasesContract } from './leases.ts'
import { listContract } from './list.ts'
import { outputContract } from './output.ts'
import { processesContract } from './processes.ts'
import { raceContract } from './race.ts'
import { settleContract } from './settle.ts'

/** The contract of every store, as tests: `make` creates an empty store for each of them. */
export function jobStoreContract(name: string, make: () => Promise<Bench>): void {
  describe(`a job store: ${name}`, function () {
    this.timeout(60_000)
    const kit = {} as Kit
    beforeEach(async () => {
      kit.bench = await make()
      kit.store = await kit.bench.open('command')
    })
    afterEach(() => kit.bench.dispose())

    insertContract(kit)
    claimContract(kit)
    settleContract(kit)
    leasesContract(kit)
    changesContract(kit)
    listContract(kit)
    countsContract(kit)
    historyContract(kit)
    processesContract(kit)
    outputContract(kit)
    raceContract(kit)
  })
}
