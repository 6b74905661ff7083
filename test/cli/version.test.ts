import { expect } from 'chai'
import { queuectl } from '../helpers/queuectl.ts'

describe('version @fast', () => {
  it('shows the version, as text and as JSON', async () => {
    const { version, node } = JSON.parse((await queuectl(['version', '--json'])).stdout)
    expect(version).to.match(/^\d+\.\d+\.\d+/)
    expect(node).to.match(/^\d+\./)
    expect((await queuectl(['version'])).stdout).to.contain(`queuectl ${version}`)
    expect((await queuectl(['--version'])).stdout).to.equal(`${version}\n`)
  })
})
