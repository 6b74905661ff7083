import { forkedAsWorker } from './platform/self.ts'

// The role of this process is decided before anything reads the arguments. Each role is a separate bundle in the build:
// a worker that also loaded the command line would take 3 MB more.
if (forkedAsWorker()) import('./entry/worker.ts')
else import('./entry/command.ts')
