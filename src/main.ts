import { disown } from './platform/self.ts'

// Which role this process has is decided before anything reads the arguments: in a single executable a forked worker sees
// the same argv as a command typed by a person. Our own mark alone is not enough, because a job may have inherited it; the
// cluster module is asked only where the mark is, since loading it costs every command some milliseconds.
if (process.env.QUEUECTL_WORKER && process.connected && process.getBuiltinModule('node:cluster').isWorker) {
  Promise.all([import('./worker/main.ts'), import('./cli/version.ts')]).then(([{ runWorker }, { BUILD }]) =>
    runWorker(BUILD),
  )
} else {
  if (process.connected) disown()
  import('./cli/main.ts').then(({ main }) => main(process.argv.slice(2)))
}
