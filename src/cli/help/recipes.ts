import { sections } from './layout.ts'

/** The most common tasks: a title and the lines to type. */
export const RECIPES: readonly { title: string; lines: readonly string[] }[] = [
  {
    title: 'Run a batch in CI, four at a time; exit 1 if a job died',
    lines: ['queuectl enqueue --file jobs.ndjson', 'queuectl worker start --count 4 --drain --timeout 30m'],
  },
  {
    title: 'Run one command, show its output, exit with its exit code',
    lines: ["queuectl enqueue --follow -- 'make test 2>&1'"],
  },
  {
    title: 'Enqueue one job per file',
    lines: [`ls *.wav | sed 's/.*/lame "&"/' | queuectl enqueue -`],
  },
  {
    title: 'Run workers in the background',
    lines: ['queuectl worker start --count 3 --detach', 'queuectl worker list', 'queuectl worker stop'],
  },
  {
    title: 'Enqueue from cron, exactly once a day (crontab line)',
    lines: ['0 3 * * * queuectl enqueue --id "backup-$(date +\\%F)" -- ./backup.sh'],
  },
  {
    title: 'systemd unit: allow the grace period and 10 s for a stop',
    lines: [
      '[Service]',
      'ExecStart=/usr/local/bin/queuectl worker start --count 4',
      'KillMode=mixed',
      'TimeoutStopSec=35',
      'Restart=on-failure',
    ],
  },
  {
    title: 'Docker: allow the same time',
    lines: ['docker stop -t 35 jobs'],
  },
  {
    title: 'Cancel every waiting job of a queue',
    lines: [
      'queuectl list --state pending --queue mail --limit 1000 --json \\',
      "  | jq -r '.[].id' | xargs queuectl cancel",
    ],
  },
  {
    title: 'Fix the cause, then run dead jobs again',
    lines: ['queuectl dlq list', 'queuectl dlq retry --all'],
  },
  {
    title: 'Share one queue between several hosts',
    lines: [
      "export QUEUECTL_DB='mongodb://me:secret@db.example/jobs?authSource=admin'",
      'queuectl init                              # once',
      'queuectl worker start --count 4 --detach   # on each host',
    ],
  },
  {
    title: 'Back up the queue, also while workers run',
    lines: ['queuectl backup queue-monday.db'],
  },
]

/** `queuectl help recipes`. */
export function recipes(): string {
  return sections(
    'Recipes',
    ...RECIPES.map(({ title, lines }) => [title, ...lines.map((line) => `  ${line}`)].join('\n')),
  )
}
