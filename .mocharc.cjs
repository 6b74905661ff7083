/**
 * Tests whose jobs are commands of sh, that need a MongoDB server, or that are about signals, modes of files or /proc; test/windows has
 * what stands in for them.
 */
const NOT_ON_WINDOWS = [
  'test/{chaos,faults,model,security,supervisor,worker}/**',
  'test/cli/{address,audit,backup,cancel,dlq,hosts,logs,other-host,purge,requeue,restore,safety,secrets,show,status,wait}.test.ts',
  'test/cli/{doctor*,worker-list}.test.ts',
  'test/contract/mongo.test.ts',
  'test/faults/{disk-full,long}.test.ts',
  'test/platform/{platform,tree}.test.ts',
  'test/security/{files,log-lines,paths,ports,programs,strangers}.test.ts',
  'test/store/mongo/**',
]

module.exports = {
  extension: ['ts'],
  timeout: 20_000,
  slow: 2_000,
  ignore: process.platform === 'win32' ? NOT_ON_WINDOWS : [],
}
