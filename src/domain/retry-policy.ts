/**
 * Milliseconds to wait before the next run after `attempts` failures: `base ^ attempts` seconds, at most `max` seconds.
 * The power may overflow to Infinity (10 ^ 400), which the cap turns back into a number.
 */
export function backoffMs(policy: { backoff_base: number; backoff_max: number }, attempts: number): number {
  return Math.round(Math.min(policy.backoff_base ** attempts, policy.backoff_max) * 1000)
}
