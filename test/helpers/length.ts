/**
 * Length of tests that can have any length, as a share of their full one, by QUEUECTL_TEST_LENGTH: 0.1 by default, 1 in
 * the slow lane, more in `npm run fuzz`.
 */
export const LENGTH = Number(process.env.QUEUECTL_TEST_LENGTH ?? 0.1)

/** Whether promised times are asserted as promised: on a machine that is fast enough. */
export const IS_FULL = LENGTH >= 1
