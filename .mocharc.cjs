/** Tests whose jobs are commands of sh, or that are about signals, modes of files or /proc; test/windows has what stands in for them. */
const NOT_ON_WINDOWS = [
  'test/cli/{address,cancel,dlq,logs,purge,requeue,safety,show,status,wait,worker-list}.test.ts',
  'test/contract/mongo.test.ts',
  'test/faults/{disk-full,long}.test.ts',
  'test/platform/{platform,tree}.test.ts',
  'test/security/{files,log-lines,paths,ports,programs,strangers}.test.ts',
  'test/store/mongo/**',
  'test/supervisor/**',
  'test/worker/**',
]

module.exports = {
  extension: ['ts'],
  timeout: 20_000,
  slow: 2_000,
  ignore: process.platform === 'win32' ? NOT_ON_WINDOWS : [],
}
