import type { Declarations } from '../add-commands.ts'

/**
 * Every command in the order of the help. A new command is a line here, its declaration beside this file, and its body
 * in a group's folder.
 */
export const COMMANDS: Declarations = {
  enqueue: () => import('./enqueue.ts'),
  worker: () => import('./worker.ts'),
  status: () => import('./status.ts'),
  list: () => import('./list.ts'),
  show: () => import('./show.ts'),
  logs: () => import('./logs.ts'),
  wait: () => import('./wait.ts'),
  cancel: () => import('./cancel.ts'),
  requeue: () => import('./requeue.ts'),
  promote: () => import('./promote.ts'),
  purge: () => import('./purge.ts'),
  dlq: () => import('./dlq.ts'),
  config: () => import('./config.ts'),
  init: () => import('./init.ts'),
  doctor: () => import('./doctor.ts'),
  audit: () => import('./audit.ts'),
  backup: () => import('./backup.ts'),
  restore: () => import('./restore.ts'),
  completion: () => import('./completion.ts'),
  demo: () => import('./demo.ts'),
  licenses: () => import('./licenses.ts'),
  version: () => import('./version.ts'),
  help: () => import('./help.ts'),
}
