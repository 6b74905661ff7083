import { forkedAsWorker } from './platform/self.ts'

// Which role this process has is decided before anything reads the arguments. Each role is a text of its own in what is built: a
// worker that carried the command line along would take 3 MB more.
if (forkedAsWorker()) import('./entry/worker.ts')
else import('./entry/command.ts')
